import assert from "node:assert/strict";
import { exchangeRaw, openTls, raw, type RawTarget } from "./raw_https.ts";
import { BASE, startRelay } from "./relay.ts";
import { apiOf, connectControl, signUp, visit } from "./user.ts";

const RELAY = `relay.${BASE}`;

/** What the API answers by the way in, the SNI and the Host; an IP address sends no SNI. */
const CASES: [listener: "hub" | "control", sni: string, host: string, status: number][] = [
  ["hub", RELAY, RELAY, 200],
  ["hub", RELAY, `${RELAY}:443`, 200],
  ["hub", RELAY, "RELAY.Glosson.LocalHost.", 200],
  ["hub", RELAY, `kaylee.${BASE}`, 421],
  ["hub", RELAY, BASE, 421],
  ["hub", RELAY, "localhost", 421],
  ["hub", RELAY, "127.0.0.1", 421],
  ["hub", RELAY, "example.org", 421],
  ["control", RELAY, RELAY, 200],
  ["control", RELAY, `kaylee.${BASE}`, 421],
  ["control", RELAY, "localhost", 421],
  ["control", `kaylee.${BASE}`, RELAY, 421],
  ["control", `kaylee.${BASE}`, `kaylee.${BASE}`, 421],
  ["control", BASE, BASE, 421],
  ["control", "example.org", RELAY, 421],
  ["control", "127.0.0.1", RELAY, 421],
  ["control", "127.0.0.1", `kaylee.${BASE}`, 421],
  // For clients on this machine: with the local authority only.
  ["control", "127.0.0.1", "127.0.0.1:9443", 200],
  ["control", "127.0.0.1", "localhost", 421],
  ["control", "localhost", "localhost:9443", 200],
  ["control", "localhost", "127.0.0.1", 421],
  ["control", "localhost", RELAY, 421],
  ["control", "localhost", `kaylee.${BASE}`, 421],
];

Deno.test("the API answers 421 unless SNI and Host are its own, on both ways in", async () => {
  await using relay = await startRelay();
  for (const [listener, serverName, host, status] of CASES) {
    const request = `GET /v1/relay HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    const [answer] = await exchangeRaw(relay, { listener, serverName }, [request], { count: 1 });
    assert.equal(answer?.status, status, `${listener} ${serverName} ${host}`);
    if (status === 200) continue;
    assert.equal(JSON.parse(answer!.body).type, "urn:glosson:problem:misdirected");
  }
  // An absolute target stands above the Host field.
  const absolute = `GET https://kaylee.${BASE}/v1/relay HTTP/1.1\r\nHost: ${RELAY}\r\n\r\n`;
  const target: RawTarget = { listener: "hub", serverName: RELAY };
  const [answer] = await exchangeRaw(relay, target, [absolute], { count: 1 });
  assert.equal(answer?.status, 421);
});

Deno.test("the relay's own TLS ends agree on HTTP/1.1, and on nothing with who wants HTTP/2 alone", async () => {
  await using relay = await startRelay();
  const ends: RawTarget[] = [
    { listener: "hub", serverName: RELAY },
    { listener: "control", serverName: "localhost" },
    { listener: "hub", serverName: BASE },
    { listener: "hub", serverName: `nobody.${BASE}` },
    { listener: "pages", serverName: BASE },
  ];
  for (const end of ends) {
    using tls = await openTls(relay, { ...end, alpn: ["h2", "http/1.1"] });
    assert.equal((await tls.handshake()).alpnProtocol, "http/1.1", JSON.stringify(end));
    await assert.rejects(
      openTls(relay, { ...end, alpn: ["h2"] }),
      /NoApplicationProtocol/,
      JSON.stringify(end),
    );
  }
});

Deno.test("a preface of HTTP/2 reaches no server of the relay's own, however it is cut", async () => {
  await using relay = await startRelay();
  const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  // SETTINGS, and HEADERS of GET / for the name by literal fields (RFC 7541 section 6.2.2).
  const fields = [[":method", "GET"], [":scheme", "https"], [":path", "/"], [":authority", BASE]]
    .map(([name = "", value = ""]) =>
      `\0${String.fromCharCode(name.length)}${name}${String.fromCharCode(value.length)}${value}`
    ).join("");
  const frames = `\0\0\0\x04\0\0\0\0\0\0\0${String.fromCharCode(fields.length)}` +
    `\x01\x05\0\0\0\x01${fields}`;
  const ends: RawTarget[] = [
    { listener: "hub", serverName: BASE },
    { listener: "hub", serverName: RELAY },
    { listener: "control", serverName: "localhost" },
  ];
  // Once the relay has answered a whole other visit, it has read what was sent before.
  const between = (): Promise<unknown> => visit(relay, BASE);
  for (const end of ends) {
    const cuts = Array.from({ length: preface.length - 1 }, (_, i) => i + 1);
    await Promise.all(cuts.map(async (cut) => {
      const pieces = [preface.slice(0, cut), preface.slice(cut) + frames];
      using tls = await openTls(relay, end);
      await tls.write(raw(pieces[0]!));
      await between();
      await tls.write(raw(pieces[1]!)).catch(() => {});
      const answer = new Uint8Array(4096);
      const n = await tls.read(answer);
      const text = new TextDecoder().decode(answer.subarray(0, n ?? 0));
      assert.match(text, /^HTTP\/1\.1 505 /, `${JSON.stringify(end)} cut after ${cut}`);
    }));
  }
});

/** Reads until what came matches; all of it. */
async function readUntil(tls: Deno.TlsConn, wanted: RegExp): Promise<string> {
  const chunk = new Uint8Array(4096);
  let text = "";
  while (!wanted.test(text)) {
    const n = await tls.read(chunk);
    assert.notEqual(n, null, text);
    text += new TextDecoder().decode(chunk.subarray(0, n!));
  }
  return text;
}

Deno.test("a control WebSocket opens by any address of it, also behind other requests of its connection", async () => {
  await using relay = await startRelay();
  const user = await signUp(relay, "kaylee");
  await using link = await connectControl(relay, user);
  link.send({ type: "pool", size: 1 });
  assert.equal((await link.next("tickets")).tickets.length, 1);

  const target: RawTarget = { listener: "hub", serverName: RELAY };
  const request = (line: string, fields: string[] = []): string =>
    [line, `Host: ${RELAY}`, ...fields, "", ""].join("\r\n");
  const upgrade = (line: string): string =>
    request(line, [
      `Authorization: Bearer ${user.token}`,
      "Connection: Upgrade",
      "Upgrade: WebSocket",
      "Content-Length: 0",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Protocol: glosson.v1",
      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    ]);
  const opened = /HTTP\/1\.1 101 Switching Protocols\r\nUpgrade: websocket\r\n[^]*"type":"online"/;
  using tls = await openTls(relay, target);
  await tls.write(raw(request("GET /v1/relay HTTP/1.1")));
  await readUntil(tls, /"software"/);
  // Two in one piece, whose answers come one after the other.
  const last = upgrade("GET /v1/control HTTP/1.1");
  await tls.write(raw(request("GET /v1/account HTTP/1.1") + last.slice(0, 9)));
  await readUntil(tls, /unauthorized/);
  await tls.write(raw(last.slice(9)));
  await readUntil(tls, opened);
  assert.equal((await link.closed).code, 4409);
  for (const address of ["/v1/control?client=x", `https://${RELAY}/v1/control`]) {
    using other = await openTls(relay, target);
    await other.write(raw(upgrade(`GET ${address} HTTP/1.1`)));
    await readUntil(other, opened);
  }
  const old = [upgrade("GET /v1/control HTTP/1.0")];
  const [refused] = await exchangeRaw(relay, target, old, { count: 1 });
  // The runtimes differ in who refuses it.
  assert.ok([400, 426].includes(refused?.status ?? 0), `${refused?.status}`);
  const api = apiOf(relay);
  using _client = api.client;
  assert.equal((await api.request("GET", "/v1/account", { token: user.token })).status, 200);
});
