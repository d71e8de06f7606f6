import assert from "node:assert/strict";
import { Authority } from "../../../examples/conformance/authority.ts";
import { openRelayHttp } from "../../../examples/client/relay_http.ts";
import { RelayPlaces } from "../../../examples/client/relay_places.ts";

/** Addresses of this machine: of a relay that is lost, and of one that is there. */
const [LOST, THERE] = ["127.0.0.94", "127.0.0.95"];

/** An address that says nothing, as of a machine that is off: its queue is full, so the kernel drops what comes. */
async function silence(hostname: string, port: number): Promise<Disposable> {
  const listener = Deno.listen({ hostname, port, tcpBacklog: 1 });
  const conns: Deno.TcpConn[] = [];
  while (true) {
    try {
      conns.push(await Deno.connect({ hostname, port, signal: AbortSignal.timeout(300) }));
    } catch {
      break;
    }
  }
  return {
    [Symbol.dispose]() {
      for (const each of [listener, ...conns]) each.close();
    },
  };
}

Deno.test("a relay of two addresses is reached though the first says nothing, or refuses", async () => {
  const authority = await Authority.create();
  await using server = Deno.serve({
    hostname: THERE,
    port: 0,
    ...await authority.pair(["relay.example.org"]),
    onListen() {},
  }, (request) => {
    if (request.headers.get("upgrade") === null) return new Response("hello");
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onmessage = () => socket.close(4000);
    return response;
  });
  const { port } = server.addr;
  const relay = new URL(`https://relay.example.org:${port}`);
  const lookup = () => Promise.resolve([LOST, THERE]);
  for (const lost of [await silence(LOST, port), undefined]) {
    using _lost = lost;
    const http = await openRelayHttp(relay, authority.pem, lookup);
    const { client } = http;
    assert.equal(await (await fetch(relay, { client })).text(), "hello");
    const socket = new WebSocket(`wss://${relay.host}/`, { client });
    socket.onopen = () => socket.send("");
    const { code } = await new Promise<CloseEvent>((resolve) => socket.onclose = resolve);
    assert.equal(code, 4000);
    (await http.connect(AbortSignal.timeout(5_000))).close();
    http.close();
  }
});

Deno.test("RelayPlaces dials the address first that answered last, and goes back when that is lost", async () => {
  const at = (hostname: string, port = 0) => Deno.listen({ hostname, port });
  using there = at(THERE);
  const { port } = there.addr;
  const places = new RelayPlaces(
    new URL(`https://relay.example.org:${port}`),
    () => Promise.resolve([LOST, THERE, LOST]),
  );
  const dialled = async () => {
    using conn = await places.dial(AbortSignal.timeout(10_000));
    return conn.remoteAddr.hostname;
  };
  assert.equal(await dialled(), THERE);
  {
    using _back = at(LOST, port);
    assert.equal(await dialled(), THERE);
    there.close();
    assert.equal(await dialled(), LOST);
  }
  await assert.rejects(dialled(), Deno.errors.ConnectionRefused);
});

Deno.test("openRelayHttp() finds that a name has several addresses though it could not at first", async () => {
  const authority = await Authority.create();
  await using server = Deno.serve({
    hostname: THERE,
    port: 0,
    ...await authority.pair(["relay.example.org"]),
    onListen() {},
  }, () => new Response("hello"));
  const relay = new URL(`https://relay.example.org:${server.addr.port}`);
  let asked = 0;
  const http = await openRelayHttp(
    relay,
    authority.pem,
    () => asked++ === 0 ? Promise.reject(new Error("no network")) : Promise.resolve([LOST, THERE]),
  );
  const before = http.client;
  await new Promise((resolve) => setTimeout(resolve));
  assert.notEqual(http.client, before);
  assert.equal(await (await fetch(relay, { client: http.client })).text(), "hello");
  http.close();
});
