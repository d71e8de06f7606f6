import {
  alpn,
  bytes,
  extension,
  hello,
  helloBody,
  type HelloFields,
  message,
  type Part,
  record,
  records,
  serverName,
  u16,
  vector,
} from "../../tests/wire/hello_builder.ts";
import { encodeProxyV2 } from "../../lib/wire/proxy_protocol.ts";

/** The name whose visitors go to a backend of their own. */
export const NAME = "kaylee.example.org";

/** What became of a connection. */
export type Outcome =
  /** Every byte arrived unchanged at the backend of {@linkcode NAME}, or at the default one. */
  | "kaylee"
  | "default"
  /** A backend got other bytes than were sent. */
  | "kaylee, altered"
  | "default, altered"
  /** The relay answered with an alert, or with an HTTP status. */
  | `alert ${string}`
  | `HTTP ${string}`
  /** Closed or reset without an answer; neither within the time that is waited. */
  | "closed"
  | "open"
  /** Something else came back. */
  | "garbled";

/** Something that a port on the internet is sent. */
export interface OddInput {
  what: string;
  /** Written one by one. */
  parts: Part[];
  /** Pause between the parts, milliseconds. @default {0} */
  pauseMs?: number;
  /** Whether the sending side is ended after the parts. @default {false} */
  end?: boolean;
  /** What glossond has to do. */
  right: Outcome;
}

const KAYLEE = serverName(NAME);
const PLAIN = hello({ extensions: [KAYLEE] });
const PLAIN_MESSAGE = message(helloBody({ extensions: [KAYLEE] }));
/** Where the name stands in the message. */
const NAME_AT = PLAIN_MESSAGE.length - NAME.length;

/** A host_name entry of a server_name list. */
function entry(name: Part): Uint8Array {
  return bytes([0], vector(2, name));
}

function helloWith(...extensions: Part[]): Uint8Array<ArrayBuffer> {
  return hello({ extensions });
}

/** A hello in full records whose message is made as long as wanted by an extension nobody knows. */
function helloOfBytes(length: number): Uint8Array<ArrayBuffer> {
  const filled = (filler: number): Uint8Array => {
    const parts: Part[] = [];
    for (let left = filler; left > 0; left -= 60_000) {
      parts.push(extension(0xfa00 + parts.length, new Uint8Array(Math.min(left, 60_000))));
    }
    return message(helloBody({ extensions: [...parts, KAYLEE] }));
  };
  const content = filled(length - filled(1).length);
  const cuts = [];
  for (let at = 16_384; at < content.length; at += 16_384) cuts.push(at);
  return records(content, cuts);
}

function withFields(fields: HelloFields): Uint8Array<ArrayBuffer> {
  return hello({ extensions: [KAYLEE], ...fields });
}

function everyByte(content: Uint8Array): Part[] {
  return Array.from(content, (byte) => [byte]);
}

function good(what: string, ...parts: Part[]): OddInput {
  return { what, parts, right: "kaylee" };
}

function bad(what: string, alert: string, ...parts: Part[]): OddInput {
  return { what, parts, right: `alert ${alert}` };
}

const PROXY_V1 = "PROXY TCP4 203.0.113.9 198.51.100.1 50000 443\r\n";
const PROXY_V2 = encodeProxyV2({
  source: { address: "203.0.113.9", port: 50_000 },
  destination: { address: "198.51.100.1", port: 443 },
});

/** Whole hellos for the name, in forms that real clients and their networks give them. */
const HELLOS: OddInput[] = [
  good("a plain hello", PLAIN),
  { ...good("one byte a segment", ...everyByte(PLAIN)), pauseMs: 2 },
  {
    ...good("two segments, cut in the name", PLAIN.subarray(0, -5), PLAIN.subarray(-5)),
    pauseMs: 100,
  },
  {
    ...good("two segments, cut in the record header", PLAIN.subarray(0, 3), PLAIN.subarray(3)),
    pauseMs: 100,
  },
  good("two records, cut in the name", records(PLAIN_MESSAGE, [NAME_AT + 4])),
  good("two records, cut in the message's header", records(PLAIN_MESSAGE, [2])),
  good("one byte a record", records(PLAIN_MESSAGE, PLAIN_MESSAGE.keys().drop(1).toArray())),
  good(
    "the name behind 6 KiB of key shares",
    helloWith(extension(51, new Uint8Array(6_000)), KAYLEE),
  ),
  good("16 KiB, in one record", helloOfBytes(16_384)),
  good("17 KiB, in two records", helloOfBytes(17_000)),
  good("60,000 bytes, in four records", helloOfBytes(60_000)),
  good("capitals in the name", helloWith(serverName("Kaylee.EXAMPLE.org"))),
  good("a trailing dot", helloWith(serverName(`${NAME}.`))),
  good("record version 3.0", record(PLAIN_MESSAGE, 22, 0x0300)),
  good("record version 3.4", record(PLAIN_MESSAGE, 22, 0x0304)),
  good("record version 0x7f1c", record(PLAIN_MESSAGE, 22, 0x7f1c)),
  good("client version 3.1 (TLS 1.0)", withFields({ version: [3, 1] })),
  good("client version 3.4", withFields({ version: [3, 4] })),
  good("no session id", withFields({ sessionId: [] })),
  good(
    "GREASE extensions around the name",
    helloWith(extension(0x0a0a), KAYLEE, extension(0xfafa, [0])),
  ),
  good("ECH, the name outside", helloWith(extension(0xfe0d, [0], new Uint8Array(200)), KAYLEE)),
  good("ALPN acme-tls/1", helloWith(KAYLEE, alpn("acme-tls/1"))),
  good(
    "early data in the same segment",
    PLAIN,
    record([1], 20, 0x0303),
    record("zero", 23, 0x0303),
  ),
  good("half of a further record in the same segment", PLAIN, [23, 3, 3, 0, 90, 1, 2]),
  { ...good("the sender ends its side at once", PLAIN), end: true },
];

/** Hellos that name somebody else, or nobody. */
const FOREIGN: OddInput[] = [
  { what: "another name", parts: [helloWith(serverName("www.example.net"))], right: "default" },
  {
    what: "a name below the name",
    parts: [helloWith(serverName(`www.${NAME}`))],
    right: "default",
  },
  { what: "no name", parts: [helloWith(alpn("h2"))], right: "default" },
  { what: "no extensions at all", parts: [hello({ extensions: null })], right: "default" },
  {
    what: "an IPv4 address for a name",
    parts: [helloWith(serverName("192.0.2.7"))],
    right: "default",
  },
  {
    what: "an IPv6 address for a name",
    parts: [helloWith(serverName("2001:db8::7"))],
    right: "default",
  },
  ...["name:port", "two trailing dots", "a wildcard"].map((what, i): OddInput => ({
    what: `${what} for a name`,
    parts: [helloWith(serverName([`${NAME}:443`, `${NAME}..`, `*.${NAME}`][i]!))],
    right: "default",
  })),
];

/** What looks like a hello and is none that could be passed on. */
const MALFORMED: OddInput[] = [
  bad(
    "two names in the list",
    "decode_error",
    helloWith(extension(0, vector(2, entry(NAME), entry("b.example")))),
  ),
  bad("the name's extension twice", "decode_error", helloWith(KAYLEE, serverName("b.example"))),
  bad("an empty name", "decode_error", helloWith(serverName(""))),
  bad("NUL behind the name", "decode_error", helloWith(serverName(`${NAME}\0.b.example`))),
  bad(
    "a byte above 127 in the name",
    "decode_error",
    helloWith(serverName(`k\xe4ylee.example.org`)),
  ),
  bad("a line feed in the name", "decode_error", helloWith(serverName(`${NAME}\n`))),
  bad("300 bytes of name", "decode_error", helloWith(serverName("a".repeat(300)))),
  bad(
    "a name longer than its list",
    "decode_error",
    helloWith(extension(0, vector(2, [0], u16(200), NAME))),
  ),
  bad(
    "a list longer than its extension",
    "decode_error",
    helloWith(extension(0, u16(99), entry(NAME))),
  ),
  bad(
    "bytes behind the list",
    "decode_error",
    helloWith(extension(0, vector(2, entry(NAME)), "x")),
  ),
  bad(
    "an extension longer than the message",
    "decode_error",
    helloWith(u16(0), u16(400), vector(2, entry(NAME))),
  ),
  bad("bytes behind the extensions", "decode_error", withFields({ after: "xx" })),
  bad("an odd length of cipher suites", "decode_error", withFields({ cipherSuites: [0x13, 1, 0] })),
  bad("a session id of 33 bytes", "decode_error", withFields({ sessionId: new Uint8Array(33) })),
  bad(
    "a record longer than 2^14",
    "decode_error",
    [22, 3, 1],
    u16(16_390),
    PLAIN_MESSAGE,
    new Uint8Array(16_390),
  ),
  bad("an empty record first", "decode_error", [22, 3, 1, 0, 0], PLAIN),
  bad(
    "an alert record between two of the hello's",
    "decode_error",
    record(PLAIN_MESSAGE.subarray(0, 60)),
    record([1, 0], 21),
    record(PLAIN_MESSAGE.subarray(60)),
  ),
  bad("a ServerHello", "decode_error", record(message(helloBody(), 2))),
  bad("application data", "decode_error", record("GET /", 23)),
  bad(
    "a hello of SSLv2",
    "decode_error",
    [0x80, 46, 1, 3, 1, 0, 21, 0, 0, 0, 16],
    new Uint8Array(37),
  ),
  { what: "70,000 bytes", parts: [helloOfBytes(70_000)], right: "closed" },
  {
    what: "16 MiB declared, a byte at a time",
    parts: [[22, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff], ...everyByte(new Uint8Array(100))],
    pauseMs: 10,
    right: "closed",
  },
];

/** What is no TLS, or comes too late. */
const OTHERS: OddInput[] = [
  {
    what: "an HTTP request for the name",
    parts: [`GET /a HTTP/1.1\r\nHost: ${NAME}\r\n\r\n`],
    right: "HTTP 308",
  },
  {
    what: "an HTTP request for another name",
    parts: ["GET / HTTP/1.1\r\nHost: b.example\r\n\r\n"],
    right: "HTTP 400",
  },
  bad("SSH", "decode_error", "SSH-2.0-OpenSSH_9.2p1\r\n"),
  bad("RDP", "decode_error", [3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 3, 0, 0, 0]),
  bad("NUL bytes", "decode_error", new Uint8Array(64)),
  bad("a PROXY header of version 1 from nobody's proxy", "decode_error", PROXY_V1, PLAIN),
  bad("a PROXY header of version 2 from nobody's proxy", "decode_error", PROXY_V2, PLAIN),
  { what: "nothing", parts: [], right: "closed" },
  { what: "one byte", parts: [[22]], right: "closed" },
  { what: "half a hello", parts: [PLAIN.subarray(0, 60)], right: "closed" },
  {
    what: "half a hello, then the sender ends its side",
    parts: [PLAIN.subarray(0, 60)],
    end: true,
    right: "closed",
  },
  {
    what: "a hello at a byte a second",
    parts: everyByte(PLAIN.subarray(0, 12)),
    pauseMs: 1_000,
    right: "closed",
  },
];

/** Every input, in the order of the table. */
export const INPUTS: readonly OddInput[] = [...HELLOS, ...FOREIGN, ...MALFORMED, ...OTHERS];
