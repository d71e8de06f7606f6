import assert from "node:assert/strict";
import { Authority } from "../../../examples/conformance/authority.ts";
import { Api } from "../../../examples/client/api.ts";
import { openRelayHttp } from "../../../examples/client/relay_http.ts";
import { RelayPlaces } from "../../../examples/client/relay_places.ts";

/** Addresses of this machine: of a relay that is lost, and of one that is there. */
const [LOST, THERE] = ["127.0.0.94", "127.0.0.95"];

const MODULE = import.meta.resolve("../../../examples/client/relay_http.ts");

const inTime = (): AbortSignal => AbortSignal.timeout(10_000);

/** Connections in a row that were not made, by which a queue counts as full: a busy machine may be late with one. */
const LATE = 3;

/** An address that says nothing, as of a machine that is off: its queue is full, so the kernel drops what comes. */
async function silence(hostname: string, port: number): Promise<Disposable> {
  const listener = Deno.listen({ hostname, port, tcpBacklog: 1 });
  const conns: Deno.TcpConn[] = [];
  for (let late = 0; late < LATE;) {
    try {
      conns.push(await Deno.connect({ hostname, port, signal: AbortSignal.timeout(300) }));
      late = 0;
    } catch {
      late++;
    }
  }
  return {
    [Symbol.dispose]() {
      for (const each of [listener, ...conns]) each.close();
    },
  };
}

/** A relay at {@linkcode THERE}, by a name that the system knows no address of. */
async function serveThere(handler: Deno.ServeHandler) {
  const authority = await Authority.create();
  const server = Deno.serve({
    hostname: THERE,
    port: 0,
    ...await authority.pair(["relay.example.org"]),
    onListen() {},
  }, handler);
  return {
    ca: authority.pem,
    relay: new URL(`https://relay.example.org:${(server.addr as Deno.NetAddr).port}`),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test("a relay of two addresses is reached though the first says nothing, or refuses", async () => {
  await using server = await serveThere((request) => {
    if (request.headers.get("upgrade") === null) return new Response("hello");
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onmessage = () => socket.close(4000);
    return response;
  });
  const { relay, ca } = server;
  const lookup = () => Promise.resolve([LOST, THERE]);
  for (const lost of [await silence(LOST, Number(relay.port)), undefined]) {
    using _lost = lost;
    const http = openRelayHttp(relay, ca, lookup);
    const { client } = http;
    assert.equal(await (await fetch(relay, { client, signal: inTime() })).text(), "hello");
    const socket = new WebSocket(`wss://${relay.host}/`, { client: http.session });
    socket.onopen = () => socket.send("");
    const { code } = await new Promise<CloseEvent>((resolve) => socket.onclose = resolve);
    assert.equal(code, 4000);
    (await http.connect(inTime())).close();
    http.close();
  }
});

Deno.test("RelayPlaces keeps to the address where the session is, which no request moves", async () => {
  const at = (hostname: string, port = 0) => Deno.listen({ hostname, port });
  using there = at(THERE);
  const { port } = there.addr;
  const places = new RelayPlaces(
    new URL(`https://relay.example.org:${port}`),
    () => Promise.resolve([LOST, THERE, LOST]),
  );
  const went = async (dialling: Promise<Deno.TcpConn>) => {
    using conn = await dialling;
    return conn.remoteAddr.hostname;
  };
  assert.equal(await went(places.dialHome(inTime())), THERE, "there is no session yet");
  assert.equal(await went(places.dialSession(inTime())), THERE);
  {
    using _back = at(LOST, port);
    for (const dial of ["dial", "dialHome", "dialSession"] as const) {
      assert.equal(await went(places[dial](inTime())), THERE, dial);
    }
    there.close();
    assert.equal(await went(places.dial(inTime())), LOST);
    // The other relay takes no tickets of this session.
    await assert.rejects(places.dialHome(inTime()), Deno.errors.ConnectionRefused);
    using _again = at(THERE, port);
    assert.equal(await went(places.dial(inTime())), THERE);
    _again.close();
    assert.equal(await went(places.dialSession(inTime())), LOST);
    assert.equal(await went(places.dialHome(inTime())), LOST);
  }
  await assert.rejects(places.dial(inTime()), Deno.errors.ConnectionRefused);
});

Deno.test("RelayPlaces begins with the address that answered last, where there is no session", async () => {
  using there = Deno.listen({ hostname: THERE, port: 0 });
  const { port } = there.addr;
  const relay = new URL(`https://relay.example.org:${port}`);
  const places = new RelayPlaces(relay, () => Promise.resolve([LOST, THERE]));
  const went = async () => {
    using conn = await places.dial(inTime());
    return conn.remoteAddr.hostname;
  };
  assert.equal(await went(), THERE);
  using _back = Deno.listen({ hostname: LOST, port });
  assert.equal(await went(), THERE, "each time it would be waited for the other");
  there.close();
  assert.equal(await went(), LOST);
});

Deno.test("RelayPlaces asks once for all who connect together, and waits for a resolver no longer than they do", async () => {
  using there = Deno.listen({ hostname: THERE, port: 0 });
  const relay = new URL(`https://relay.example.org:${there.addr.port}`);
  let asked = 0;
  const { promise, resolve } = Promise.withResolvers<string[]>();
  const places = new RelayPlaces(relay, () => {
    asked++;
    return promise;
  });
  const gone = new AbortController();
  const impatient = places.dial(gone.signal);
  const patient = [places.dial(inTime()), places.dial(inTime())];
  gone.abort(new Error("gone"));
  await assert.rejects(impatient, /gone/);
  resolve([THERE]);
  for (const conn of await Promise.all(patient)) conn.close();
  assert.equal(asked, 1);
  (await places.dial(inTime())).close();
  assert.equal(asked, 2);
});

Deno.test("openRelayHttp() finds that a name has several addresses though it had one before", async () => {
  await using server = await serveThere(() =>
    Response.json({ protocol: 1, features: null, keyFingerprints: null })
  );
  const { relay, ca } = server;
  let found = [LOST];
  const http = openRelayHttp(relay, ca, () => Promise.resolve(found));
  const api = new Api({ relay, http });
  await assert.rejects(api.relayInfo(), /: nothing listens there; check the address and its port$/);
  found = [LOST, THERE];
  assert.equal((await api.relayInfo()).protocol, 1);
  http.close();
});

Deno.test("openRelayHttp() leaves a proxy that the environment names to the runtime", async () => {
  using proxy = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const code = `
    import { openRelayHttp } from ${JSON.stringify(MODULE)};
    const relay = new URL("https://relay.example.org");
    const http = openRelayHttp(relay, undefined, () => Promise.resolve(["${LOST}", "${THERE}"]));
    await fetch(relay, { client: http.client }).catch(() => {});
    http.close();
  `;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", code],
    env: { HTTPS_PROXY: `http://127.0.0.1:${proxy.addr.port}`, NO_PROXY: "", no_proxy: "" },
    stdin: "null",
  }).spawn();
  const asked = (async () => {
    using conn = await proxy.accept();
    const bytes = new Uint8Array(1024);
    return new TextDecoder().decode(bytes.subarray(0, await conn.read(bytes) ?? 0));
  })();
  const first = await Promise.race([asked, child.status.then(() => "it was not asked")]);
  assert.match(first, /^CONNECT relay\.example\.org:443 /);
  assert.ok((await child.status).success);
});
