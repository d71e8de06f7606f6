import assert from "node:assert/strict";
import { BASE, type Relay, startRelay } from "./relay.ts";
import { connectControl, type ControlLink, dialData, readJoin, readToEnd, signUp } from "./user.ts";
import {
  ALERT,
  answer,
  behindProxy,
  DESTINATION,
  ended,
  helloFor,
  proxied,
  send,
  SOCKS4,
} from "./hub_visitor.ts";
import { bytes, type Part, vector } from "../wire/hello_builder.ts";

const NAME = `kaylee.${BASE}`;
const HELLO = helloFor(NAME);
const SIGNATURE = "\r\n\r\n\0\r\nQUIT\n";

/** A version 2 header with TCP4 addresses 203.0.113.9:50000 -> 198.51.100.80:443 and TLVs. */
function headerWithTlvs(...tlvs: Part[]): Uint8Array<ArrayBuffer> {
  const addresses = [203, 0, 113, 9, 198, 51, 100, 80, 0xc3, 0x50, 1, 0xbb];
  return bytes(SIGNATURE, [0x21, 0x11], vector(2, addresses, ...tlvs));
}

/** An IPv4-mapped address in a TCP6 header. */
function mappedHeader(): Uint8Array<ArrayBuffer> {
  const mapped = (...v4: number[]) => bytes(new Uint8Array(10), [0xff, 0xff], v4);
  const addresses = [mapped(203, 0, 113, 9), mapped(198, 51, 100, 80), [0xc3, 0x50, 1, 0xbb]];
  return bytes(SIGNATURE, [0x21, 0x21], vector(2, ...addresses));
}

/** Lets a client answer the next visitor; returns what both of its sides were told. */
async function meetNext(relay: Relay, link: ControlLink) {
  const { ticket, visitor } = await link.next("connect");
  using conn = await dialData(relay, ticket);
  const { addresses, rest } = await readJoin(conn);
  return { visitor, addresses, rest };
}

Deno.test("behind a proxy, the client, the log and the API see the visitor's own address", async () => {
  await using relay = await startRelay({
    settings: { PROXY_PROTOCOL_FROM: "10.0.0.0/8,127.0.0.1" },
  });
  using front = behindProxy(relay);
  await using link = await connectControl(front.relay, await signUp(front.relay, "kaylee"));
  const told = { address: "203.0.113.9", port: 50_000 };
  const cases: [string, Part][] = [
    ["version 1", "PROXY TCP4 203.0.113.9 198.51.100.80 50000 443\r\n"],
    ["version 2", proxied("203.0.113.9")],
    ["version 2 with TLVs that nobody knows", headerWithTlvs([0xee], vector(2, "x".repeat(300)))],
    ["version 2 with TLVs that make no sense", headerWithTlvs([0xff, 0xff, 0xff])],
    ["version 2, IPv4-mapped", mappedHeader()],
    ["version 2 behind a request of SOCKS4", bytes(SOCKS4.request, proxied("203.0.113.9"))],
  ];
  for (const [what, header] of cases) {
    using _visitor = await send(relay, [header, HELLO]);
    const { visitor, addresses, rest } = await meetNext(relay, link);
    assert.deepEqual(visitor, told, what);
    assert.deepEqual(addresses, { source: told, destination: DESTINATION }, what);
    assert.deepEqual(rest, HELLO, what);
  }
  await ended(relay, "dialled", { ...told, serverName: NAME });

  using _six = await send(relay, [
    "PROXY TCP6 2001:DB8:0:0::9 2001:db8::50 50000 443\r\n",
    HELLO,
  ]);
  const { visitor, addresses } = await meetNext(relay, link);
  assert.deepEqual(visitor, { address: "2001:db8::9", port: 50_000 });
  assert.equal(addresses?.destination.address, "2001:db8::50");

  // What tells no address is the proxy's own connection: its health check, or a tunnel it is unsure of.
  const own: [string, Part][] = [
    ["LOCAL", bytes(SIGNATURE, [0x20, 0x00], vector(2))],
    [
      "LOCAL with addresses to be ignored",
      bytes(SIGNATURE, [0x20, 0x11], vector(2, "x".repeat(12))),
    ],
    ["UNKNOWN", "PROXY UNKNOWN\r\n"],
    ["a Unix socket", bytes(SIGNATURE, [0x21, 0x31], vector(2, new Uint8Array(216)))],
  ];
  for (const [what, header] of own) {
    using conn = await send(relay, [header, HELLO]);
    const { visitor, addresses } = await meetNext(relay, link);
    assert.deepEqual(visitor, { address: "127.0.0.1", port: conn.localAddr.port }, what);
    assert.equal(addresses, undefined, `${what}: the client is told LOCAL`);
  }
  // A health check is no visitor who broke off.
  assert.equal(await answer(relay, [bytes(SIGNATURE, [0x20, 0], vector(2))], { end: true }), "");
  await ended(relay, "silent");
});

Deno.test("a proxy's connection without a whole, right header is closed without a word", async () => {
  await using relay = await startRelay({ settings: { PROXY_PROTOCOL_FROM: "127.0.0.1" } });
  // The last that it says by itself.
  await relay.logged("what orders is loaded");
  const whole = proxied("203.0.113.9");
  const cases: [string, Part[], string][] = [
    ["no header", [HELLO], "bad-proxy-header"],
    ["another protocol", ["GET / HTTP/1.1\r\n\r\n"], "bad-proxy-header"],
    [
      "version 3",
      [SIGNATURE, [0x31, 0x11], vector(2, new Uint8Array(12)), HELLO],
      "bad-proxy-header",
    ],
    [
      "no room for the addresses",
      [SIGNATURE, [0x21, 0x11], vector(2, [1, 2]), HELLO],
      "bad-proxy-header",
    ],
    ["a length beyond reason", [SIGNATURE, [0x21, 0x11, 0xff, 0xff], HELLO], "bad-proxy-header"],
    ["version 1 without an end", [`PROXY TCP4 ${"1".repeat(200)}`], "bad-proxy-header"],
    [
      "an address that is none",
      ["PROXY TCP4 300.0.0.1 1.1.1.1 1 1\r\n", HELLO],
      "bad-proxy-header",
    ],
    [
      "SOCKS4 that is to listen",
      [[4, 2], SOCKS4.request.subarray(2), whole, HELLO],
      "bad-proxy-header",
    ],
    ["half a request of SOCKS4", [SOCKS4.request.subarray(0, 10)], "incomplete"],
    ["half a header", [whole.subarray(0, 20)], "incomplete"],
    ["half of version 1", ["PROXY TCP4 203.0"], "incomplete"],
    ["a header and half a hello", [whole, HELLO.subarray(0, 30)], "incomplete"],
    ["a header and nothing", [whole], "silent"],
    ["nothing", [], "silent"],
  ];
  for (const [what, parts, outcome] of cases) {
    for (const listener of ["hub", "control"]) {
      relay.lines.length = 0;
      assert.equal(await answer(relay, parts, { end: true, listener }), "", what);
      await ended(relay, outcome, { listener });
      assert.deepEqual(relay.lines.map(({ level }) => level), ["debug"], what);
    }
  }
  // Who waits for the grant has it before anything else is read, and needs a header all the same.
  for (const listener of ["hub", "control"]) {
    assert.equal(await answer(relay, [SOCKS4.request, HELLO], { listener }), SOCKS4.granted);
    await ended(relay, "bad-proxy-header", { listener });
  }
  // Two headers: the second is the visitor's, so a hello that is none.
  assert.equal(await answer(relay, [whole, proxied("192.0.2.1"), HELLO]), ALERT.decodeError);
  await ended(relay, "not-tls", { address: "203.0.113.9" });
  // Neither waits for the rest for longer than for a hello.
  relay.lines.length = 0;
  const started = performance.now();
  await Promise.all([whole.subarray(0, 20), whole].map(async (part) => {
    using slow = await send(relay, [part]);
    assert.equal((await readToEnd(slow).catch(() => "")).length, 0);
  }));
  assert.ok(performance.now() - started < 6_500);
  await ended(relay, "late", { address: "127.0.0.1" });
  await ended(relay, "late", { address: "203.0.113.9" });
  assert.deepEqual(relay.lines.map(({ level }) => level), ["debug", "debug"]);
});

Deno.test("a PROXY header from anybody else is a broken hello, and nobody's address", async () => {
  await using relay = await startRelay({ settings: { PROXY_PROTOCOL_FROM: "192.0.2.1" } });
  await using _link = await connectControl(relay, await signUp(relay, "kaylee"));
  for (const listener of ["hub", "control", "pages"]) {
    const headers = [
      ...[proxied("203.0.113.9"), "PROXY TCP4 203.0.113.9 192.0.2.2 1 443\r\n"],
      bytes(SOCKS4.request, proxied("203.0.113.9")),
    ];
    for (const header of headers) {
      assert.equal(await answer(relay, [header, HELLO], { listener }), ALERT.decodeError);
      await ended(relay, "not-tls", { listener, address: "127.0.0.1" });
    }
  }
  assert.ok(!JSON.stringify(relay.lines).includes("203.0.113.9"));
});

Deno.test("a proxy that is seen by its IPv4-mapped address is known by its IPv4 one", async () => {
  for (const from of ["127.0.0.1", "::ffff:127.0.0.1", "127.0.0.0/8"]) {
    await using relay = await startRelay({
      settings: { HUB_HOST: "::", PROXY_PROTOCOL_FROM: from },
    });
    assert.equal(await answer(relay, [proxied("203.0.113.9"), "\0nonsense"]), ALERT.decodeError);
    await ended(relay, "not-tls", { address: "203.0.113.9" });
  }
});

Deno.test("behind a proxy, the API's limits count visitors' own addresses", async () => {
  await using relay = await startRelay({
    settings: { PROXY_PROTOCOL_FROM: "127.0.0.1", CLAIMS_PER_HOUR: "2", LOG_LEVEL: "info" },
  });
  const statuses: Record<string, number[]> = {};
  for (let i = 0; i < 3; i++) {
    for (const address of ["203.0.113.1", "203.0.113.2", "2001:db8:1:2::1"]) {
      const { status } = await claim(relay, `user-${i}`, address);
      (statuses[address] ??= []).push(status);
    }
  }
  assert.deepEqual(statuses, {
    "203.0.113.1": [201, 201, 429],
    "203.0.113.2": [201, 201, 429],
    "2001:db8:1:2::1": [201, 201, 429],
  });
  // Another address of the same /64.
  assert.equal((await claim(relay, "user-9", "2001:db8:1:2:ffff::9")).status, 429);
  // Info lines name no address.
  const text = JSON.stringify(relay.lines);
  assert.ok(!text.includes("203.0.113") && !text.includes("2001:db8"), text);
});

/** Asks for a claim over a connection that a PROXY header comes before. */
async function claim(
  relay: Relay,
  username: string,
  address: string,
): Promise<{ status: number; body: Record<string, string> }> {
  return await request(relay, address, "POST", "/v1/claims", JSON.stringify({ username }));
}

async function request(
  relay: Relay,
  address: string,
  method: string,
  path: string,
  body = "",
): Promise<{ status: number; body: Record<string, string> }> {
  const conn = await send(relay, [proxied(address)], "control");
  using tls = await Deno.startTls(conn, { hostname: "localhost", caCerts: [relay.ca] });
  await tls.write(
    new TextEncoder().encode(
      `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    ),
  );
  const text = new TextDecoder().decode(await readToEnd(tls));
  const [head = "", answered = ""] = text.split("\r\n\r\n");
  return { status: Number(head.split(" ")[1]), body: JSON.parse(answered) };
}
