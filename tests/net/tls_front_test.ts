import assert from "node:assert/strict";
import { SILENT_LOG } from "../../lib/log.ts";
import type { FrontedConnection } from "../../lib/net/fronted_connection.ts";
import { writeAll } from "../../lib/net/splice.ts";
import type { TlsBackend } from "../../lib/net/tls_backend.ts";
import { TlsFront } from "../../lib/net/tls_front.ts";
import { pipe, readAll, text, utf8 } from "./pipe.ts";

/** A backend that answers each connection with what is known of it. */
function echoBackend(
  find: (port: number) => FrontedConnection<string> | undefined,
  isOwn: (port: number) => Promise<boolean>,
  seen: FrontedConnection<string>[],
): TlsBackend {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const finished = (async () => {
    for await (const conn of listener) {
      await isOwn(conn.remoteAddr.port);
      const known = find(conn.remoteAddr.port);
      if (known) seen.push(known);
      await writeAll(conn, utf8(`${known?.info}`));
      conn.closeWrite();
      conn.readable.pipeTo(new WritableStream()).catch(() => {});
    }
  })();
  return {
    port: listener.addr.port,
    finished,
    endKept() {},
    stop() {
      listener.close();
      return Promise.resolve();
    },
  };
}

function front(lifeMs: number, seen: FrontedConnection<string>[] = []): TlsFront<string> {
  return new TlsFront({
    name: "test",
    lifeMs,
    log: SILENT_LOG,
    start: (_, find, isOwn) => echoBackend(find, isOwn, seen),
  });
}

const PAIR = { cert: "", key: "" };

Deno.test("TlsFront tells connections of two certificates apart, whatever their ports", async () => {
  const tested = front(60_000);
  await tested.use(PAIR);
  const old = Array.from({ length: 300 }, (_, i) => open(`old ${i}`));
  assert.deepEqual(await Promise.all(old.map((o) => o.answer)), old.map((o) => o.info));
  await tested.use(PAIR);
  const next = Array.from({ length: 300 }, (_, i) => open(`new ${i}`));
  assert.deepEqual(await Promise.all(next.map((o) => o.answer)), next.map((o) => o.info));
  assert.equal(tested.active, 600);
  for (const { peer } of [...old, ...next]) peer.close();
  await Promise.all([...old, ...next].map((o) => o.served));
  assert.equal(tested.active, 0);
  await tested.stop();

  function open(info: string) {
    const [peer, conn] = pipe();
    const served = tested.serve(conn, new Uint8Array(0), info);
    return { info, peer, served, answer: readAll(peer).then(text) };
  }
});

Deno.test("TlsFront ends what lasts too long, unless it is kept", async () => {
  const seen: FrontedConnection<string>[] = [];
  const tested = front(300, seen);
  await tested.use(PAIR);
  const [, dribbler] = pipe();
  await tested.serve(dribbler, utf8("x"), "dribbler");
  assert.ok(dribbler.closes > 0);

  const [peer, kept] = pipe();
  const served = tested.serve(kept, utf8("x"), "kept");
  assert.equal(text(await readAll(peer)), "kept");
  seen.at(-1)!.keep();
  await new Promise((resolve) => setTimeout(resolve, 600));
  assert.equal(kept.closes, 0);
  peer.close();
  await served;
  await tested.stop();
});

Deno.test("TlsFront ends a connection that sends more than it may", async () => {
  const seen: FrontedConnection<string>[] = [];
  const tested = front(60_000, seen);
  await tested.use(PAIR);
  const [peer, conn] = pipe();
  const served = tested.serve(conn, utf8("x"), "greedy");
  await readAll(peer);
  seen[0]!.allowance = 10;
  // The first that is too much is still passed on, and answered.
  await writeAll(peer, new Uint8Array(11));
  for (let i = 0; i < 20; i++) await writeAll(peer, new Uint8Array(1000));
  assert.equal(conn.closes, 0);
  await served;
  assert.ok(conn.closes > 0);
  await tested.stop();
});

Deno.test("TlsFront passes a connection that its backend did not accept to the next one", async () => {
  const listeners: Deno.TcpListener[] = [];
  const seen: FrontedConnection<string>[] = [];
  const finished = Promise.withResolvers<void>();
  const tested = new TlsFront<string>({
    name: "test",
    lifeMs: 60_000,
    log: SILENT_LOG,
    start(_, find, isOwn) {
      if (listeners.length > 0) return echoBackend(find, isOwn, seen);
      // Full of others' connections: it takes no more of them.
      listeners.push(Deno.listen({ hostname: "127.0.0.1", port: 0 }));
      return {
        port: listeners[0]!.addr.port,
        finished: finished.promise,
        endKept() {},
        stop: () => Promise.resolve(),
      };
    },
  });
  await tested.use(PAIR);
  const [peer, conn] = pipe();
  const served = tested.serve(conn, utf8("head"), "moved");
  finished.resolve();
  assert.equal(text(await readAll(peer)), "moved");
  assert.equal(tested.active, 1);
  peer.close();
  await served;
  assert.equal(tested.active, 0);
  await tested.stop();
  listeners[0]!.close();
});
