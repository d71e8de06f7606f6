import assert from "node:assert/strict";
import { SILENT_LOG } from "../../lib/log.ts";
import { serveTcp } from "../../lib/net/listen.ts";
import { checkUnserved, listenTcp } from "../../lib/net/listen_tcp.ts";

/** A listener whose `accept` does what is told, as a real one does when descriptors run out. */
function listenerThat(accept: () => Promise<Deno.TcpConn>): Deno.TcpListener {
  return { accept, close() {} } as Deno.TcpListener;
}

Deno.test("serveTcp() tells when it cannot accept, and when a peer alone was the cause", async () => {
  for (
    const [error, failures] of [
      [new Deno.errors.ConnectionReset("reset"), 0],
      [new Error("Too many open files (os error 24)"), 1],
    ] as const
  ) {
    const waiting = Promise.withResolvers<Deno.TcpConn>();
    let calls = 0;
    const server = serveTcp(
      listenerThat(() => calls++ === 0 ? Promise.reject(error) : waiting.promise),
      { name: "hub", onConnection: () => Promise.resolve(), log: SILENT_LOG },
    );
    while (calls < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.equal(server.counts.acceptErrors, failures);
    assert.equal(server.accepting, failures === 0);
    const stopping = server.stop();
    assert.equal(server.accepting, false);
    waiting.reject(new Error("closed"));
    await stopping;
  }
});

Deno.test("listenTcp() takes :: for every address, of IPv4 too", async () => {
  using listener = listenTcp("data", "::", 0);
  for (const hostname of ["127.0.0.1", "::1"]) {
    using _client = await Deno.connect({ hostname, port: listener.addr.port });
    (await listener.accept()).close();
  }
});

Deno.test("listenTcp() does without IPv6 where the machine has none", () => {
  const asked: string[] = [];
  const listen = (options: Deno.TcpListenOptions): Deno.TcpListener => {
    asked.push(options.hostname!);
    if (options.hostname === "::") throw new Error("Address family not supported (os error 97)");
    return Deno.listen({ hostname: "127.0.0.1", port: options.port });
  };
  listenTcp("data", "::", 0, { listen }).close();
  assert.deepEqual([...new Set(asked)], ["::", "0.0.0.0"]);
  // Nothing is made up for an address that was named.
  assert.throws(
    () =>
      listenTcp("data", "::1", 0, {
        listen: () => {
          throw new Error("no such address");
        },
      }),
    /Cannot listen on \[::1\]:0 \(data\): no such address/,
  );
});

Deno.test("listenTcp() tells the address as one writes it, and the fix for what is wrong", () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  assert.throws(
    () => listenTcp("hub", "127.0.0.1", port),
    new RegExp(
      `Cannot listen on 127\\.0\\.0\\.1:${port} \\(hub\\): .*; end what listens there.*HUB_PORT`,
    ),
  );
  assert.throws(
    () => listenTcp("data", "2001:db8::1", 0),
    /Cannot listen on \[2001:db8::1\]:0 \(data\): .*; set an address of this machine.*DATA_HOST/,
  );
});

Deno.test("a listener that stops serves what the kernel has accepted for it by then", async () => {
  const listener = listenTcp("hub", "127.0.0.1", 0);
  const { hostname, port } = listener.addr;
  const connect = () => Deno.connect({ hostname, port });
  const visitors = await Promise.all(Array.from({ length: 20 }, connect));
  const server = serveTcp(listener, {
    name: "hub",
    async onConnection(conn) {
      await conn.write(Uint8Array.of(1));
      conn.close();
    },
    log: SILENT_LOG,
  });
  const [first, second] = [server.stop(), server.stop()];
  assert.equal(server.accepting, false);
  for (const visitor of visitors) {
    assert.equal(await visitor.read(new Uint8Array(2)), 1);
    visitor.close();
  }
  await Promise.all([first, second]);
  await assert.rejects(connect, Deno.errors.ConnectionRefused);
});

Deno.test({
  name: "checkUnserved() tells whether an address that is shared is served already",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const first = listenTcp("hub", "127.0.0.1", 0, { share: true });
    const { port } = first.addr;
    for (const hostname of ["127.0.0.1", "0.0.0.0", "::"]) {
      await assert.rejects(checkUnserved("hub", hostname, port), /Cannot listen on .*HUB_PORT/);
    }
    // A successor of ours may, nobody else.
    listenTcp("hub", "127.0.0.1", port, { share: true }).close();
    assert.throws(() => listenTcp("admin", "127.0.0.1", port), /Cannot listen on/);
    first.close();
    await checkUnserved("hub", "127.0.0.1", port);
    await checkUnserved("hub", "127.0.0.1", 0);
  },
});
