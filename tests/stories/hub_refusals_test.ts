import assert from "node:assert/strict";
import { metricsOf } from "./metrics.ts";
import { BASE, startRelay } from "./relay.ts";
import { ALERT, answer, ended, helloFor, send } from "./hub_visitor.ts";
import {
  bytes,
  extension,
  hello,
  helloBody,
  message,
  type Part,
  record,
  serverName,
  u16,
  vector,
} from "../wire/hello_builder.ts";

const NAME = `kaylee.${BASE}`;

/** What is refused: how it is sent, the alert it gets, and the reason it is counted by. */
const REFUSED: [what: string, parts: Part[], alert: string, outcome: string][] = [
  ["a foreign name", [helloFor("www.example.org")], ALERT.unrecognizedName, "foreign-name"],
  ["no name", [hello({ extensions: [] })], ALERT.unrecognizedName, "no-name"],
  ["an address", [helloFor("192.0.2.7")], ALERT.unrecognizedName, "no-name"],
  ["a port", [helloFor(`kaylee.${BASE}:443`)], ALERT.unrecognizedName, "foreign-name"],
  ["a wildcard", [helloFor(`*.${BASE}`)], ALERT.unrecognizedName, "foreign-name"],
  ["a star", [helloFor("*")], ALERT.unrecognizedName, "foreign-name"],
  ["two dots", [helloFor(`kaylee..${BASE}`)], ALERT.unrecognizedName, "foreign-name"],
  ["two dots at the end", [helloFor(`${NAME}..`)], ALERT.unrecognizedName, "foreign-name"],
  ["a space", [helloFor(`kay lee.${BASE}`)], ALERT.unrecognizedName, "foreign-name"],
  ["two labels below BASE", [helloFor(`a.b.${BASE}`)], ALERT.unrecognizedName, "foreign-name"],
  ["a name that only ends so", [helloFor(`x${BASE}`)], ALERT.unrecognizedName, "foreign-name"],
  ["a control character", [helloFor(`kay\0lee.${BASE}`)], ALERT.decodeError, "bad-server-name"],
  ["a non-ASCII name", [helloFor(`k\xe4ylee.${BASE}`)], ALERT.decodeError, "bad-server-name"],
  ["an empty name", [helloFor("")], ALERT.decodeError, "bad-server-name"],
  [
    "two names",
    [hello({
      extensions: [extension(0, vector(2, ...["a.b", "c.d"].map((n) => bytes([0], vector(2, n)))))],
    })],
    ALERT.decodeError,
    "bad-server-name",
  ],
  [
    "an extension twice",
    [hello({ extensions: [serverName(NAME), serverName(NAME)] })],
    ALERT.decodeError,
    "duplicate-extension",
  ],
  [
    "a length that lies",
    [record(bytes([1, 0, 0, 80], helloBody({ extensions: [serverName(NAME)] })))],
    ALERT.decodeError,
    "malformed",
  ],
  [
    "a record of 16,385 bytes",
    [[0x16, 3, 1], u16(16_385)],
    ALERT.decodeError,
    "record-overflow",
  ],
  ["an empty record", [[0x16, 3, 1, 0, 0]], ALERT.decodeError, "empty-fragment"],
  [
    "an alert within the hello",
    [helloFor(NAME).with(4, 20).subarray(0, 25), [0x15, 3, 1, 0, 2, 1, 0]],
    ALERT.decodeError,
    "unexpected-record",
  ],
  [
    "a ServerHello",
    [record(message(helloBody(), 2))],
    ALERT.decodeError,
    "unexpected-message",
  ],
  ["SSLv2", [[0x80, 0x2e, 1, 3, 1, 0, 3]], ALERT.decodeError, "sslv2"],
  ["SSH", ["SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"], ALERT.decodeError, "not-tls"],
  ["noise", [[0, 1, 2, 3]], ALERT.decodeError, "not-tls"],
];

Deno.test("each refusal carries its alert, and its reason and source stand in the debug log", async () => {
  await using relay = await startRelay();
  for (const [what, parts, alert, outcome] of REFUSED) {
    relay.lines.length = 0;
    assert.equal(await answer(relay, parts), alert, what);
    const line = await ended(relay, outcome, { listener: "hub", address: "127.0.0.1" });
    assert.equal(line.level, "debug", what);
    assert.equal(typeof line.port, "number");
    if (!["no-name", "foreign-name"].includes(outcome)) {
      assert.ok(String(line.detail).length > 10, `${what}: ${line.detail}`);
    }
  }
  // Each is counted by its reason.
  const metrics = await metricsOf(relay);
  for (const reason of new Set(REFUSED.map(([, , , outcome]) => outcome))) {
    const count = REFUSED.filter(([, , , outcome]) => outcome === reason).length;
    assert.match(
      metrics,
      new RegExp(`^glossond_refusals_total\\{reason="${reason}"\\} ${count}$`, "m"),
    );
  }
  // The same on the pages' own port and on the control port, as far as they read names.
  for (const listener of ["pages", "control"]) {
    assert.equal(await answer(relay, [[0, 1, 2, 3]], { listener }), ALERT.decodeError);
    await ended(relay, "not-tls", { listener });
  }
});

Deno.test("what cannot be answered is closed without a word, in time", async () => {
  await using relay = await startRelay();
  const whole = helloFor(NAME);
  assert.equal(await answer(relay, [], { end: true }), "");
  await ended(relay, "silent");
  assert.equal(await answer(relay, [whole.subarray(0, 40)], { end: true }), "");
  await ended(relay, "incomplete");
  const tooLarge = [record(bytes([1, 1, 0, 0], new Uint8Array(16_000)))];
  assert.equal(await answer(relay, tooLarge), "");
  await ended(relay, "too-large");

  // One byte a second, and nothing at all: neither outlives the time for a hello.
  const started = performance.now();
  using slow = await send(relay, [whole.subarray(0, 1)]);
  const dripping = setInterval(() => slow.write(whole.subarray(1, 2)).catch(() => {}), 1_000);
  const waits = [answer(relay, []), answer(relay, [whole.subarray(0, 60)])];
  const slowEnd = slow.read(new Uint8Array(1)).catch(() => null);
  assert.deepEqual(await Promise.all(waits), ["", ""]);
  await slowEnd;
  clearInterval(dripping);
  const seconds = (performance.now() - started) / 1000;
  assert.ok(seconds > 4.5 && seconds < 7, `${seconds} s`);
  await ended(relay, "late");
});

Deno.test("plain HTTP is sent to https for names of ours, on the hub and on the HTTP port", async () => {
  await using relay = await startRelay({ settings: { HTTP_PORT: "0" } });
  const text = async (listener: string, request: string): Promise<string> =>
    String.fromCharCode(...Uint8Array.fromHex(await answer(relay, [request], { listener })));
  for (const listener of ["hub", "http"]) {
    const moved = await text(
      listener,
      `GET /a?b=c HTTP/1.1\r\nHost: ${NAME.toUpperCase()}:80\r\n\r\n`,
    );
    assert.match(moved, /^HTTP\/1\.1 308 /);
    assert.match(moved, new RegExp(`\r\nLocation: https://${NAME}:${relay.ports.hub}/a\\?b=c\r\n`));
    assert.match(moved, /\r\nDate: [^\r]+ GMT\r\n/);
    await ended(relay, "http", { listener });
    for (
      const request of [
        "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        `GET / HTTP/1.1\r\nHost: ${NAME}\r\nHost: evil.example\r\n\r\n`,
        `GET /\x01 HTTP/1.1\r\nHost: ${NAME}\r\n\r\n`,
      ]
    ) {
      assert.match(await text(listener, request), /^HTTP\/1\.1 400 /, JSON.stringify(request));
    }
    await ended(relay, "bad-http", { listener, detail: "evil.example" });
    await ended(relay, "bad-http", { listener, detail: undefined });
    const large = `GET / HTTP/1.1\r\nHost: ${NAME}\r\nCookie: ${"x".repeat(33_000)}\r\n\r\n`;
    assert.match(await text(listener, large), /^HTTP\/1\.1 400 [^]*at most 32768 bytes/);
    const full = `GET / HTTP/1.1\r\nHost: ${NAME}\r\nCookie: ${"x".repeat(32_000)}\r\n\r\n`;
    assert.match(await text(listener, full), /^HTTP\/1\.1 308 /);
    const length = /\r\nContent-Length: \d+\r\n/;
    const head = (host: string) => text(listener, `HEAD / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    for (const [host, status] of [[NAME, 308], ["evil.example", 400]] as const) {
      const answered = await head(host);
      assert.match(answered, new RegExp(`^HTTP/1\\.1 ${status} `));
      assert.match(answered, length);
      assert.ok(answered.endsWith("\r\n\r\n"), answered);
    }
  }
  // TLS where plain HTTP is expected has no answer that its sender would understand.
  assert.equal(await answer(relay, [helloFor(NAME)], { listener: "http" }), "");
  await ended(relay, "tls-on-http-port");
});
