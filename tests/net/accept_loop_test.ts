import assert from "node:assert/strict";
import { createLog } from "../../lib/log.ts";
import { acceptLoop } from "../../lib/net/accept_loop.ts";
import { serveTcp } from "../../lib/net/listen.ts";
import { listenTcp } from "../../lib/net/listen_tcp.ts";
import { Places } from "../../lib/net/places.ts";

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

Deno.test("acceptLoop() goes on after errors of every kind", async () => {
  const errors: unknown[] = [
    new Deno.errors.NotConnected("reset before it was accepted"),
    new Deno.errors.ConnectionAborted("aborted"),
    new Error("Too many open files (os error 24)"),
    new Error("Too many open files in system (os error 23)"),
    new Deno.errors.ConnectionReset("reset"),
    new Deno.errors.BadResource("bad resource"),
    new TypeError("a bug"),
    "not even an error",
  ];
  const stopping = new AbortController();
  const accepted: number[] = [];
  const told: unknown[] = [];
  let calls = 0;
  await acceptLoop<number>({
    accept() {
      const call = calls++;
      return call % 2 === 1 ? Promise.resolve(call) : Promise.reject(errors[call / 2]);
    },
    onConnection(call) {
      accepted.push(call);
      if (accepted.length === errors.length) stopping.abort();
    },
    onError: (error) => told.push(error),
    signal: stopping.signal,
  });
  assert.equal(accepted.length, errors.length);
  // A peer's fault is nothing to tell of; each of the others came after a success.
  assert.equal(told.length, 5);
});

Deno.test("acceptLoop() lets all else have a turn while thousands wait", async () => {
  const stopping = new AbortController();
  let [accepted, atTurn] = [0, 0];
  setImmediate(() => {
    atTurn = accepted;
    stopping.abort();
  });
  await acceptLoop<number>({
    // At once, as where many wait.
    accept: () => Promise.resolve(0),
    onConnection() {
      if (++accepted === 5_000) stopping.abort();
    },
    onError: (error) => assert.fail(error),
    signal: stopping.signal,
  });
  assert.ok(atTurn > 0 && atTurn < 100, `${atTurn} were accepted before what was due`);
});

Deno.test("acceptLoop() that fails all the time tries seldom, tells once, and ends when it is told to", async () => {
  const stopping = new AbortController();
  let [calls, told] = [0, 0];
  const loop = acceptLoop<never>({
    accept() {
      calls++;
      return Promise.reject(new Error("Too many open files (os error 24)"));
    },
    onConnection() {},
    onError: () => void told++,
    signal: stopping.signal,
  });
  await after(500);
  // 5 + 10 + 20 + … + 320 ms.
  assert.ok(calls >= 5 && calls <= 8, `${calls} tries in 500 ms`);
  assert.equal(told, 1);
  stopping.abort();
  await loop;
});

Deno.test("serveTcp() ends the one connection that a bug hits, tells and counts it", async () => {
  const lines: string[] = [];
  const listener = listenTcp("hub", "127.0.0.1", 0);
  const places = new Places({ total: 2 });
  let turn = 0;
  const server = serveTcp(listener, {
    name: "hub",
    places,
    async onConnection(conn) {
      if (turn++ === 0) throw new TypeError("a bug of ours");
      await conn.write(Uint8Array.of(42));
      conn.close();
    },
    log: createLog({ write: (line) => lines.push(line) }),
  });
  const connect = () => Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  using hit = await connect();
  assert.equal(await hit.read(new Uint8Array(1)), null);
  using next = await connect();
  const p = new Uint8Array(1);
  await next.read(p);
  assert.equal(p[0], 42);
  await server.idle();
  assert.equal(server.counts.handlerErrors, 1);
  assert.equal(places.used, 0);
  assert.match(
    lines.join("\n"),
    /connection ended by a bug listener=hub error="a bug of ours" stack=/,
  );
  await server.stop();
});

Deno.test("serveTcp() closes the newest unread when there is no place for it", async () => {
  const listener = listenTcp("data", "127.0.0.1", 0);
  const held: Deno.TcpConn[] = [];
  const done = Promise.withResolvers<void>();
  const server = serveTcp(listener, {
    name: "data",
    places: new Places({ total: 3 }),
    keysOf: () => ["the same address"],
    async onConnection(conn) {
      held.push(conn);
      await done.promise;
      conn.close();
    },
    log: createLog({ write() {} }),
  });
  const connect = () => Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  const conns = [await connect(), await connect(), await connect()];
  // Of three places an address gets no more than are still free: two.
  assert.equal(await conns[2]!.read(new Uint8Array(1)), null);
  assert.deepEqual([held.length, server.counts.refused], [2, 1]);
  done.resolve();
  await server.stop();
  await server.idle();
  for (const conn of conns) conn.close();
});

Deno.test({
  name: "listenTcp() lets a burst of connections wait, rather than come again after a second",
  // The kernel has the last word on how many may wait.
  ignore: Deno.build.os !== "linux" ||
    Number(Deno.readTextFileSync("/proc/sys/net/core/somaxconn")) < 2_000,
  async fn() {
    const listener = listenTcp("hub", "127.0.0.1", 0);
    const started = performance.now();
    const conns = await Promise.all(
      Array.from(
        { length: 1_500 },
        () => Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
      ),
    );
    const ms = performance.now() - started;
    for (const conn of conns) conn.close();
    listener.close();
    assert.ok(ms < 1_000, `${ms} ms until the last was connected`);
  },
});
