import assert from "node:assert/strict";
import net from "node:net";
import { until } from "../certificate/helpers.ts";
import { BASE, type Relay, startAgain, startRelay } from "../stories/relay.ts";
import { connectControl, dialData, readJoin, serveUser, signUp, visit } from "../stories/user.ts";
import {
  ALERT,
  answer,
  behindProxy,
  ended,
  helloFor,
  proxied,
  rest,
} from "../stories/hub_visitor.ts";
import { frontPorts, startHaproxy as startExample } from "./deploy/front.ts";
import { writeAll } from "../../lib/net/splice.ts";
import { answers, freePort } from "../../scripts/ports.ts";
import { startServer } from "../../scripts/server.ts";
import { readRecordings } from "../wire/recording.ts";
import { bytes, extension, hello, type Part, records, serverName } from "../wire/hello_builder.ts";

const HAPROXY = "/usr/sbin/haproxy";
const NAME = `kaylee.${BASE}`;

/** Debian's HAProxy before a relay. */
interface Front extends AsyncDisposable {
  /** Where visitors connect. */
  port: number;
  /** Where the test connects as a proxy before this one: visitors' addresses are its to choose. */
  behindAnother: number;
}

/**
 * Starts HAProxy as the example has it: routed by the name, names it cannot read to the relay too,
 * and the visitor's address told by `send-proxy-v2`.
 */
async function startHaproxy(relay: Relay): Promise<Front> {
  await using stack = new AsyncDisposableStack();
  const [port, behindAnother] = [freePort(), freePort()];
  const file = await Deno.makeTempFile({ prefix: "glossond-haproxy-", suffix: ".cfg" });
  stack.defer(() => Deno.remove(file));
  await Deno.writeTextFile(
    file,
    `
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 24h
frontend tls
  bind 127.0.0.1:${port}
  bind 127.0.0.1:${behindAnother} accept-proxy
  tcp-request inspect-delay 2s
  tcp-request content accept if { req.ssl_sni -m found }
  use_backend control if { req.ssl_sni -i relay.${BASE} }
  use_backend hub if { req.ssl_sni -i ${BASE} } || { req.ssl_sni -i -m end .${BASE} }
  use_backend elsewhere if { req.ssl_sni -m found }
  default_backend hub
backend hub
  server hub 127.0.0.1:${relay.ports.hub} send-proxy-v2 check inter 200
backend control
  server control 127.0.0.1:${relay.ports.control} send-proxy-v2
backend elsewhere
`,
  );
  stack.use(
    await startServer("HAProxy", [HAPROXY, "-db", "-f", file], {
      isUp: () => answers(port),
      withinMs: 10_000,
    }),
  );
  const started = stack.move();
  return { port, behindAnother, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

/** Connections that the kernel has accepted at a port of 127.0.0.1, and the program that listens has not. */
async function queued(port: number): Promise<number> {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  const listening = new RegExp(`: 0100007F:${hex} 00000000:0000 0A \\w{8}:(\\w{8})`);
  return parseInt(listening.exec(await Deno.readTextFile("/proc/net/tcp"))?.[1] ?? "0", 16);
}

/** Sends parts from an address of loopback. */
function sendFrom(address: string, port: number, parts: Part[]): Promise<net.Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<net.Socket>();
  const socket = net.connect({ host: "127.0.0.1", port, localAddress: address }, () => {
    socket.write(bytes(...parts));
    resolve(socket);
  });
  socket.on("error", reject);
  return promise;
}

Deno.test("behind HAProxy, the client sees the visitor's own address and every byte", async () => {
  await using relay = await startRelay({ settings: { PROXY_PROTOCOL_FROM: "127.0.0.1" } });
  await using front = await startHaproxy(relay);
  using clients = behindProxy(relay);
  await using link = await connectControl(clients.relay, await signUp(clients.relay, "kaylee"));
  const plain = helloFor(NAME);
  const openings: [string, Uint8Array][] = [
    ["a plain hello", plain],
    // Larger than a segment: without the content rule it would be routed unread.
    [
      "a hello of 6 KiB",
      hello({ extensions: [extension(51, new Uint8Array(6_000)), serverName(NAME)] }),
    ],
    // HAProxy reads no name in this; the relay does.
    ["a hello in two records", records(plain.subarray(5), [60])],
  ];
  for (const [what, opening] of openings) {
    const socket = await sendFrom("127.0.0.9", front.port, [opening]);
    const { ticket, visitor } = await link.next("connect");
    const own = { address: "127.0.0.9", port: socket.localPort };
    assert.deepEqual(visitor, own, what);
    const client = await dialData(relay, ticket);
    const { addresses, rest: seen } = await readJoin(client);
    assert.deepEqual(addresses, {
      source: own,
      destination: { address: "127.0.0.1", port: front.port },
    });
    assert.deepEqual(seen, opening, what);
    socket.destroy();
    client.close();
    await ended(relay, "dialled", own);
  }
});

Deno.test("behind HAProxy, pages, the API and real clients' hellos arrive", async () => {
  await using relay = await startRelay({ settings: { PROXY_PROTOCOL_FROM: "127.0.0.1" } });
  await using front = await startHaproxy(relay);
  using clients = behindProxy(relay);
  const user = await signUp(clients.relay, "kaylee");
  await using _server = await serveUser(clients.relay, user, () => new Response("here"));
  const through = { ...relay, ports: { ...relay.ports, hub: front.port } };
  assert.equal((await visit(through, NAME)).body, "here");
  assert.equal((await visit(through, `nobody.${BASE}`)).status, 404);
  assert.equal((await visit(through, BASE)).status, 200);
  assert.equal((await visit(through, `relay.${BASE}`, "/v1/relay")).status, 200);
  await ended(relay, "control", { listener: "control", serverName: `relay.${BASE}` });

  // Hellos without a name come to the relay, and get its alert, after HAProxy's delay at most.
  const nameless = readRecordings().find(({ name }) => name === "java-no-name")!;
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: front.port });
  await writeAll(conn, nameless.bytes);
  assert.equal(await rest(conn), ALERT.unrecognizedName);
  conn.close();
  // HAProxy's health checks are nobody who broke off.
  await ended(relay, "silent", { address: "127.0.0.1" });
  assert.ok(!relay.lines.some((line) => line.outcome === "reset"));
});

Deno.test("behind HAProxy, limits count visitors and not HAProxy", async () => {
  await using relay = await startRelay({
    settings: { PROXY_PROTOCOL_FROM: "127.0.0.1", MAX_VISITORS_PER_ADDRESS: "3" },
  });
  await using front = await startHaproxy(relay);
  const from = async (address: string): Promise<Deno.TcpConn> => {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: front.behindAnother });
    await writeAll(conn, bytes(proxied(address), helloFor(`nobody.${BASE}`)));
    return conn;
  };
  const held = await Promise.all(Array.from({ length: 3 }, () => from("203.0.113.9")));
  await new Promise((resolve) => setTimeout(resolve, 500));
  using fourth = await from("203.0.113.9");
  assert.equal(await rest(fourth), ALERT.internalError);
  await ended(relay, "limit-address", { address: "203.0.113.9" });
  using other = await from("203.0.113.10");
  // A page's server answers the hello, by an alert or by its own hello.
  assert.ok((await other.read(new Uint8Array(100)))! > 0);
  for (const conn of held) conn.close();
});

Deno.test("a visitor's own PROXY header is refused, through HAProxy and beside it", async () => {
  await using relay = await startRelay({ settings: { PROXY_PROTOCOL_FROM: "127.0.0.1" } });
  await using front = await startHaproxy(relay);
  for (const header of [proxied("203.0.113.66"), "PROXY TCP4 203.0.113.66 192.0.2.1 1 443\r\n"]) {
    // Through HAProxy it is what the visitor says first, behind HAProxy's own header.
    const spoofed = await Deno.connect({ hostname: "127.0.0.1", port: front.port });
    await writeAll(spoofed, bytes(header, helloFor(NAME)));
    assert.equal(await rest(spoofed), ALERT.decodeError);
    spoofed.close();
    // Beside HAProxy it comes from somebody who is no proxy of ours.
    const socket = await sendFrom("127.0.0.66", relay.ports.hub!, [header, helloFor(NAME)]);
    const [answered] = await Array.fromAsync(socket as AsyncIterable<Uint8Array>);
    assert.equal(answered?.toHex(), ALERT.decodeError);
    await ended(relay, "not-tls", { address: "127.0.0.66" });
  }
  assert.ok(!JSON.stringify(relay.lines).includes("203.0.113.66"));
  // And HAProxy itself without its header is not served either.
  assert.equal(await answer(relay, [helloFor(NAME)]), "");
});

Deno.test("what the kernel alone had accepted for a relay that ended comes to the next one", async () => {
  const settings = { PROXY_PROTOCOL_FROM: "127.0.0.1" };
  await using relay = await startRelay({ settings });
  const { hub = 0, control = 0 } = relay.ports;
  const ports = frontPorts();
  await using stack = new AsyncDisposableStack();
  stack.use(await startExample({ dir: relay.dir, base: BASE, ports, hub, control }));
  await relay.stop();
  const through = { ...relay, ports: { ...relay.ports, hub: ports.tls } };
  const listeners = [hub, control].map((port) => Deno.listen({ hostname: "127.0.0.1", port }));
  const visits = [visit(through, BASE), visit(through, `relay.${BASE}`, "/v1/relay")];
  const both = async (): Promise<boolean> =>
    (await Promise.all([hub, control].map(queued))).every((n) => n === 1);
  await until(both, "both are in the kernel's queues");
  // Which resets what is in them.
  for (const listener of listeners) listener.close();
  stack.use(await startAgain(relay, { dir: relay.dir, settings }));
  for (const { status } of await Promise.all(visits)) assert.equal(status, 200);
});
