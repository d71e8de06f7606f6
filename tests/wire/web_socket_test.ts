import { deepEqual, equal, ok } from "node:assert/strict";
import {
  type FrameEvent,
  FrameReader,
  type FrameReaderOptions,
} from "../../lib/wire/web_socket.ts";
import { binaryFrame, closeFrame, pongFrame } from "../../lib/wire/web_socket_frames.ts";
import {
  headText,
  mayBeUpgrade,
  readUpgrade,
  upgradeAnswer,
} from "../../lib/wire/web_socket_opening.ts";
import { bytes, type Part } from "./hello_builder.ts";

const MASK = [0x37, 0xfa, 0x21, 0x3d];

/** A frame of a client. */
function masked(
  opcode: number,
  payload: Part,
  options: { fin?: boolean; form?: 7 | 16 | 64 } = {},
) {
  const { fin = true, form = 7 } = options;
  const plain = bytes(payload);
  const { length } = plain;
  const size = form === 7
    ? [0x80 | length]
    : form === 16
    ? [0xfe, length >> 8, length & 255]
    : [0xff, 0, 0, 0, 0, length >>> 24, length >>> 16 & 255, length >>> 8 & 255, length & 255];
  return bytes([(fin ? 0x80 : 0) | opcode], size, MASK, plain.map((b, i) => b ^ MASK[i & 3]!));
}

/** Everything that comes of bytes in pieces of some length, data in one piece a message. */
function readAll(
  input: Uint8Array,
  step: number,
  outputBytes: number,
  options: FrameReaderOptions = {},
): unknown[] {
  const reader = new FrameReader(options);
  const output = new Uint8Array(outputBytes);
  const seen: unknown[] = [];
  let data: number[] = [];
  for (let at = 0; at < input.length; at += step) {
    let piece = input.subarray(at, at + step);
    while (true) {
      const { used, event }: { used: number; event: FrameEvent } = reader.read(piece, output);
      piece = piece.subarray(used);
      if (event.kind === "more") break;
      if (event.kind === "data") data.push(...output.subarray(0, event.bytes));
      else if (event.kind === "end") {
        equal(event.length, data.length);
        seen.push(new TextDecoder().decode(Uint8Array.from(data)));
        data = [];
      } else if (event.kind === "ping") seen.push(["ping", [...event.payload]]);
      else if (event.kind === "fault") return [...seen, event.code];
      else seen.push(event.kind === "close" ? ["close", event.code] : event.kind);
    }
  }
  return seen;
}

Deno.test("FrameReader reads messages however their bytes are cut", () => {
  const long = "0123456789".repeat(30);
  const input = bytes(
    masked(2, "hello"),
    masked(2, "", {}),
    masked(2, "in ", { fin: false }),
    masked(9, [1, 2, 3]),
    masked(0, "three ", { fin: false }),
    masked(10, ""),
    masked(0, "pieces"),
    masked(2, "", { fin: false }),
    masked(0, ""),
    masked(2, long, { form: 16 }),
    masked(2, long, { form: 64 }),
    masked(9, ""),
    masked(8, [3, 0xe8, 0x62, 0x79, 0x65]),
  );
  const expected = [
    "hello",
    "",
    ["ping", [1, 2, 3]],
    "pong",
    "in three pieces",
    "",
    long,
    long,
    ["ping", []],
    ["close", 1000],
  ];
  for (const step of [1, 2, 3, 5, 7, 64, input.length]) {
    for (const output of [1, 3, 1000]) deepEqual(readAll(input, step, output), expected);
  }
});

Deno.test("FrameReader refuses what a client may not send", () => {
  const cases: [what: string, input: Uint8Array, code: number][] = [
    ["a frame that is not masked", binaryFrame(bytes("x")), 1002],
    ["a reserved bit", masked(2, "x").with(0, 0xc2), 1002],
    ["a reserved opcode", masked(3, "x"), 1002],
    ["a reserved control opcode", masked(11, ""), 1002],
    ["a text message", masked(1, "x"), 1003],
    ["a message within another", bytes(masked(2, "x", { fin: false }), masked(2, "y")), 1002],
    ["the rest of no message", masked(0, "x"), 1002],
    ["a ping in pieces", masked(9, "x", { fin: false }), 1002],
    ["a long ping", masked(9, "x".repeat(126), { form: 16 }), 1002],
    ["half a close code", masked(8, [3]), 1002],
    ...[999, 1004, 1005, 1006, 1015, 2999, 5000].map((code): [string, Uint8Array, number] => [
      `the close code ${code}`,
      masked(8, [code >> 8, code & 255]),
      1002,
    ]),
    ["a reason that is no UTF-8", masked(8, [3, 0xe8, 0xff]), 1007],
    [
      "a length beyond numbers",
      bytes([0x82, 0xff], new Uint8Array(8).fill(255), MASK),
      1009,
    ],
  ];
  for (const [what, input, code] of cases) {
    for (const step of [1, input.length]) deepEqual(readAll(input, step, 8), [code], what);
  }
});

Deno.test("frames of a server have the shortest length, and no mask", () => {
  for (const [length, head] of [[0, 2], [125, 2], [126, 4], [65_535, 4], [65_536, 10]] as const) {
    const frame = binaryFrame(new Uint8Array(length).fill(7));
    equal(frame.length, head + length);
    equal(frame[0], 0x82);
    ok(frame[1]! < 128);
    ok(frame.subarray(head).every((byte) => byte === 7));
  }
  deepEqual([...closeFrame(4403)], [0x88, 2, 0x11, 0x33]);
});

Deno.test("frames of a client are masked, each by other bytes, and read as what they were", () => {
  const payload = new Uint8Array(70_000).map((_, i) => i & 0x7f | 1);
  const text = new TextDecoder().decode(payload);
  const one = binaryFrame(payload, "client");
  ok(one[1]! >= 128);
  ok(!one.every((byte, i) => byte === binaryFrame(payload, "client")[i]));
  const input = bytes(one, pongFrame(bytes("p"), "client"), closeFrame(1000, "", "client"));
  deepEqual(readAll(input, 1_000, 64), [text, "pong", ["close", 1000]]);
  // A server's are not, and each side refuses what is the other's.
  const servers = bytes(binaryFrame(payload), closeFrame(4403));
  deepEqual(readAll(servers, 1_000, 64, { sender: "server" }), [text, ["close", 4403]]);
  deepEqual(readAll(one, one.length, 64, { sender: "server" }), [1002]);
});

const HEAD = [
  "GET /v1/data HTTP/1.1",
  "Host: relay.glosson.test",
  "Upgrade: WebSocket",
  "Connection: keep-alive, Upgrade",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version: 13",
  "sec-websocket-protocol: other.v2",
  "Sec-WebSocket-Protocol: glosson-data.v1",
];

Deno.test("readUpgrade() takes a whole opening handshake of the subprotocol, and nothing less", () => {
  const read = (lines: string[]) => readUpgrade(lines.join("\r\n"), "/v1/data", "glosson-data.v1");
  const upgrade = read(HEAD)!;
  equal(upgrade.host, "relay.glosson.test");
  equal(upgrade.key, "dGhlIHNhbXBsZSBub25jZQ==");
  equal(upgrade.fields.get("Sec-WebSocket-Protocol"), "other.v2, glosson-data.v1");
  // The example of RFC 6455 section 1.3.
  const answer = new TextDecoder().decode(upgradeAnswer(upgrade, "glosson-data.v1"));
  ok(answer.includes("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), answer);
  ok(answer.endsWith("\r\nSec-WebSocket-Protocol: glosson-data.v1\r\n\r\n"));
  for (let i = 0; i < HEAD.length; i++) {
    if (i === 6) continue;
    equal(read(HEAD.toSpliced(i, 1)), undefined, `without ${HEAD[i]}`);
  }
  equal(read([...HEAD, "Host: evil.example"]), undefined);
  equal(read(["GET /v1/data?x HTTP/1.1", ...HEAD.slice(1)])?.host, "relay.glosson.test");
  equal(read(["GET https://a.example/v1/data HTTP/1.1", ...HEAD.slice(1)])?.host, "a.example");
  equal(read([...HEAD, "Content-Length: 0"])?.host, "relay.glosson.test");
  equal(read([...HEAD, "Content-Length: 1"]), undefined);
  for (const line of ["GET /v1/data HTTP/1.0", "get /v1/data HTTP/1.1", "GET /v1/Data HTTP/1.1"]) {
    equal(read([line, ...HEAD.slice(1)]), undefined, line);
  }
  equal(read(HEAD.with(5, "Sec-WebSocket-Version: 8")), undefined);
});

Deno.test("mayBeUpgrade() tells as soon as it shows", () => {
  const cases: [begun: string, is: ReturnType<typeof mayBeUpgrade>][] = [
    ["", "open"],
    ["GET /v1", "open"],
    ["GET /v1/data", "yes"],
    ["GET /v1/data?x HTTP/1.1", "yes"],
    ["GET https://relay", "yes"],
    ["GET /v1/relay", "no"],
    ["POST", "no"],
  ];
  for (const [begun, is] of cases) equal(mayBeUpgrade(bytes(begun), ["/v1/data", "/x"]), is, begun);
});

Deno.test("headText() ends at the empty line", () => {
  equal(headText(bytes("GET / HTTP/1.1\r\nA: b\r\n\r\nmore")), "GET / HTTP/1.1\r\nA: b");
  equal(headText(bytes("GET / HTTP/1.1\r\nA: b\r\n")), undefined);
});
