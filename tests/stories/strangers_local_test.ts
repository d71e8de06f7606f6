import assert from "node:assert/strict";
import net from "node:net";
import tls from "node:tls";
import { closeQuietly } from "../../lib/net/splice.ts";
import { usageOf } from "../../scripts/bench/usage.ts";
import { BASE, type Relay, startRelay } from "./relay.ts";
import { apiOf, connectControl, serveUser, signUp, visit } from "./user.ts";

/** Connections that a local user opens to each port. */
const EACH = 200;

/**
 * Descriptors that all of them together may take of the relay: 48 of the admin port, 64 a TLS server, and
 * those of the visits in between.
 */
const MOST = 240;

/** A connection of the relay's process, or a listener. */
interface Socket {
  port: number;
  /** The peer's. */
  to: number;
  state: "listening" | "other";
}

/** The relay's sockets on loopback, as every user of the machine can see them. */
async function socketsOf(relay: Relay): Promise<Socket[]> {
  const own = new Set<string>();
  for await (const { name } of Deno.readDir(`/proc/${relay.pid}/fd`)) {
    own.add(await Deno.readLink(`/proc/${relay.pid}/fd/${name}`).catch(() => ""));
  }
  const table = await Deno.readTextFile(`/proc/${relay.pid}/net/tcp`);
  const port = (address = ""): number => parseInt(address.split(":")[1]!, 16);
  return table.split("\n").map((line) => line.trim().split(/\s+/))
    .filter((row) => own.has(`socket:[${row[9]}]`))
    // State 0A is LISTEN.
    .map(([, local, remote, state]) => ({
      ...{ port: port(local), to: port(remote) },
      state: state === "0A" ? "listening" : "other",
    }));
}

/** Every loopback port that the relay's process listens on and that is not for visitors or clients. */
async function listening(relay: Relay): Promise<number[]> {
  const others = new Set(["hub", "data", "control", "pages"].map((name) => relay.ports[name]));
  return (await socketsOf(relay)).filter(({ port, state }) =>
    state === "listening" && !others.has(port)
  ).map(({ port }) => port);
}

/** What a server on loopback answers first to bytes over TLS that come from a port at another loopback address. */
function askFrom(localPort: number, port: number, request: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = net.connect({ host: "127.0.0.1", port, localAddress: "127.0.0.2", localPort });
  socket.on("error", () => {});
  const conn = tls.connect({ socket, servername: "localhost", rejectUnauthorized: false });
  conn.on("data", (data) => resolve(String(data)));
  conn.on("error", () => {});
  conn.on("close", () => resolve(""));
  conn.write(request);
  return promise;
}

Deno.test({
  name:
    "a local user's idle connections to the relay's own ports keep no visitor and no client out",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using relay = await startRelay({ settings: { LOG_LEVEL: "info" } });
    const user = await signUp(relay, "kaylee");
    await using _server = await serveUser(relay, user, () => new Response("here"));
    const ports = await listening(relay);
    // The admin port, and the TLS servers of control and pages.
    assert.ok(ports.includes(relay.ports.admin!));
    assert.equal(ports.length, 3);

    const before = usageOf([relay.pid]).descriptors;
    const idle: Deno.TcpConn[] = [];
    for (const port of ports) {
      for (let i = 0; i < EACH; i++) {
        idle.push(await Deno.connect({ hostname: "127.0.0.1", port }));
        // Some say something, and stop there.
        if (i % 3 === 0) await idle.at(-1)!.write(new Uint8Array([0x16, 3, 1])).catch(() => {});
      }
      let taken = Infinity;
      // What is being closed takes a moment.
      for (let tried = 0; taken > MOST && tried < 50; tried++) {
        taken = usageOf([relay.pid]).descriptors - before;
        if (taken > MOST) await new Promise((resolve) => setTimeout(resolve, 100));
      }
      assert.ok(taken <= MOST, `${taken} descriptors after those to port ${port}`);
      // While they are there.
      assert.equal((await visit(relay, user.hostname)).body, "here");
      assert.equal((await visit(relay, `nobody.${BASE}`)).status, 404);
      const health = await fetch(`http://127.0.0.1:${relay.ports.admin}/healthz`);
      assert.equal(await health.text(), "ok\n");
      const api = apiOf(relay);
      using _client = api.client;
      assert.equal((await api.request("GET", "/v1/relay")).status, 200);
    }
    await using _link = await connectControl(relay, await signUp(relay, "simon"));
    idle.forEach(closeQuietly);
    // Told, and nothing else went wrong.
    const told = "inner TLS server stopped, starting another";
    const errors = relay.lines.filter(({ level }) => level === "error");
    assert.deepEqual(errors.filter(({ message }) => message !== told), []);
  },
});

Deno.test({
  name:
    "a local user who comes from a client's port at another address is nobody, and ends no session",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using relay = await startRelay();
    const user = await signUp(relay, "kaylee");
    await using link = await connectControl(relay, user);
    const own = await listening(relay);
    const sessions = (await socketsOf(relay)).filter(({ to }) => own.includes(to));
    assert.ok(sessions.length > 0);
    for (const { port, to } of sessions) {
      const tooLarge =
        "POST /v1/claims HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999\r\n\r\n";
      assert.equal(await askFrom(port, to, tooLarge), "");
    }
    // Taken for the client's, it would be its last answer.
    link.send({ type: "pool", size: 1 });
    assert.equal((await link.next("tickets")).tickets.length, 1);
  },
});

Deno.test("sockets that a killed relay left behind are removed by the next, and its own when it stops", async () => {
  const dir = await Deno.makeTempDir({ prefix: "glossond-story-" });
  const inner = async (relay: Relay): Promise<string[]> => {
    const names = await Array.fromAsync(Deno.readDir(relay.stateDir), ({ name }) => name);
    return names.filter((name) => /^i-\w{6}\.sock$/.test(name)).sort();
  };
  const first = await startRelay({ dir });
  const left = await inner(first);
  assert.equal(left.length, 3);
  await first.stop("SIGKILL");
  await using second = await startRelay({ dir });
  const own = await inner(second);
  assert.equal(own.length, 3);
  assert.ok(own.every((name) => !left.includes(name)));
  assert.equal((await visit(second, BASE)).status, 200);
  await second.stop();
  assert.deepEqual(await inner(second), []);
});
