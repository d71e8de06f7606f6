import assert from "node:assert/strict";
import { writeAll } from "../../lib/net/splice.ts";
import { startGlossond } from "../../scripts/bench/glossond.ts";
import { BASE, type Relay, startRelay } from "./relay.ts";
import { apiOf, connectControl, signUp } from "./user.ts";
import { behindProxy, proxied } from "./hub_visitor.ts";

const HOSTNAME = `relay.${BASE}`;
const REQUEST = new TextEncoder().encode(`GET /v1/relay HTTP/1.1\r\nHost: ${HOSTNAME}\r\n\r\n`);

/** A TLS connection to the API of somebody at an address. */
async function open(relay: Relay, address: string): Promise<Deno.TlsConn> {
  const tcp = await Deno.connect({ hostname: "127.0.0.1", port: relay.ports.control! });
  await writeAll(tcp, proxied(address));
  return await Deno.startTls(tcp, {
    hostname: HOSTNAME,
    caCerts: [relay.ca],
    alpnProtocols: ["http/1.1"],
  });
}

/** Reads one answer whose body has a length; empty at the end. */
async function answer(conn: Deno.Conn): Promise<string> {
  let text = "";
  const chunk = new Uint8Array(16 * 1024);
  while (true) {
    const [head = "", body] = text.split("\r\n\r\n");
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
    if (body !== undefined && body.length >= length) return text;
    const n = await conn.read(chunk).catch(() => null);
    if (n === null) return text;
    text += new TextDecoder().decode(chunk.subarray(0, n));
  }
}

Deno.test("an address that asks too fast is told so, cut off, and nobody else notices", async () => {
  await using relay = await startRelay({
    settings: {
      PROXY_PROTOCOL_FROM: "127.0.0.1",
      REQUESTS_PER_SECOND: "1",
      REQUEST_BURST: "10",
      LOG_LEVEL: "info",
    },
  });
  using front = behindProxy(relay);
  const user = await signUp(front.relay, "kaylee");
  await using _online = await connectControl(front.relay, user);

  // One after another on one connection: the eleventh, or the next if a second passed, is the last.
  using polite = await open(relay, "203.0.113.1");
  const statuses: string[] = [];
  for (let i = 0; i < 20; i++) {
    await writeAll(polite, REQUEST).catch(() => {});
    const text = await answer(polite);
    if (text === "") break;
    statuses.push(text.slice(9, 12));
    if (text.startsWith("HTTP/1.1 429")) assert.match(text, /\r\nretry-after: 10\r\n/i);
  }
  assert.deepEqual(new Set(statuses.slice(0, 10)), new Set(["200"]));
  assert.equal(statuses.at(-1), "429");
  assert.ok(statuses.length < 15, statuses.join());

  // All at once: most of them are not even answered.
  using greedy = await open(relay, "203.0.113.2");
  await writeAll(greedy, new Uint8Array(Array(2_000).fill([...REQUEST]).flat())).catch(() => {});
  let got = "";
  for (let text = await answer(greedy); text !== ""; text = await answer(greedy)) got += text;
  assert.ok(got.split("HTTP/1.1 429").length - 1 <= 20, "refusals have an end");

  for (const address of ["203.0.114.1", "2001:db8::1"]) {
    using other = await open(relay, address);
    await writeAll(other, REQUEST);
    assert.match(await answer(other), /^HTTP\/1.1 200 /);
  }
  assert.equal(_online.socket.readyState, WebSocket.OPEN);
});

Deno.test("thirty clients behind one address that all come back at once stay below the limits", async () => {
  await using glossond = await startGlossond({
    users: 30,
    settings: { PROXY_PROTOCOL_FROM: "127.0.0.1" },
  });
  // The proxy announces one address for all of them.
  using front = behindProxy(glossond.relay);
  const users = Array.from({ length: 30 }, (_, i) => {
    const { username, token } = glossond.membership(i, 0);
    return { username, token, hostname: `${username}.${BASE}` };
  });
  const links = await Promise.all(users.map((user) => connectControl(front.relay, user)));
  const api = apiOf(front.relay);
  using _client = api.client;
  const asked = await Promise.all(
    users.flatMap(({ token }) => [1, 2, 3].map(() => api.request("GET", "/v1/account", { token }))),
  );
  assert.deepEqual(new Set(asked.map(({ status }) => status)), new Set([200]));
  for (const link of links) await link[Symbol.asyncDispose]();
});

Deno.test("requests from this machine itself are not counted", async () => {
  await using relay = await startRelay({
    settings: { REQUESTS_PER_SECOND: "1", REQUEST_BURST: "1" },
  });
  const api = apiOf(relay);
  using _client = api.client;
  for (let i = 0; i < 20; i++) {
    assert.equal((await api.request("GET", "/v1/relay")).status, 200);
  }
});
