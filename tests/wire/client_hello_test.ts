import { deepEqual, equal, ok } from "node:assert/strict";
import type { AlertName } from "../../lib/wire/alert.ts";
import {
  ClientHelloReader,
  looksLikeTls,
  MAX_HELLO_BYTES,
  parseClientHello,
} from "../../lib/wire/client_hello.ts";
import type { RejectReason } from "../../lib/wire/hello_message.ts";
import { bytesUntilFinal, cutRecords, readPieces } from "./cuts.ts";
import {
  alpn,
  bytes,
  extension,
  hello,
  helloBody,
  message,
  type Part,
  record,
  records,
  serverName,
  u16,
  vector,
} from "./hello_builder.ts";

const NAME = "kaylee.example.org";

/** A hello whose message has `length` bytes, its header included. */
function messageOfLength(length: number): Uint8Array<ArrayBuffer> {
  const name = serverName(NAME);
  const plain = message(helloBody({ extensions: [name, extension(21)] })).length;
  return message(helloBody({ extensions: [name, extension(21, new Uint8Array(length - plain))] }));
}

/** Cuts into the fewest records. */
function fewestRecords(content: Uint8Array): Uint8Array<ArrayBuffer> {
  const cuts = Array.from({ length: Math.ceil(content.length / 16_384) - 1 }, (_, i) => i + 1);
  return records(content, cuts.map((i) => i * 16_384));
}

Deno.test("parseClientHello() reads server name, ALPN and ECH", () => {
  const bytes = hello();
  deepEqual(parseClientHello(bytes), {
    state: "hello",
    serverName: NAME,
    alpn: ["h2", "http/1.1"],
    ech: false,
    length: bytes.length,
  });
  const ech = parseClientHello(hello({ extensions: [serverName(NAME), extension(0xfe0d, [0])] }));
  deepEqual(ech.state === "hello" && [ech.serverName, ech.alpn, ech.ech], [NAME, [], true]);
});

Deno.test("parseClientHello() accepts what clients may send", async (t) => {
  const grease = [0x0a0a, 0x1a1a, 0xfafa];
  const cases: Record<string, [bytes: Uint8Array, name: string | undefined]> = {
    "no extension block": [hello({ extensions: null }), undefined],
    "an empty extension block": [hello({ extensions: [] }), undefined],
    "no server name": [hello({ extensions: [alpn("h2")] }), undefined],
    "an empty session id": [hello({ sessionId: [] }), NAME],
    "SSL 3.0 in all versions": [
      record(message(helloBody({ version: [3, 0], extensions: null })), 22, 0x0300),
      undefined,
    ],
    "the least hello": [
      hello({ sessionId: [], cipherSuites: [0x13, 1], extensions: null }),
      undefined,
    ],
    "several compression methods": [hello({ compression: [1, 0] }), NAME],
    "server name behind padding": [
      hello({ extensions: [extension(21, new Uint8Array(128)), serverName(NAME)] }),
      NAME,
    ],
    "server name before an extension of a byte": [
      hello({ extensions: [serverName(NAME), extension(15, [1])] }),
      NAME,
    ],
    "server name before an empty extension": [
      hello({ extensions: [serverName(NAME), extension(35)] }),
      NAME,
    ],
    "GREASE": [
      hello({
        cipherSuites: bytes(...grease.map(u16), [0x13, 0x01]),
        extensions: [
          extension(grease[0]!),
          serverName(NAME),
          alpn("\x0a\x0a", "h2"),
          extension(grease[1]!, [0]),
          extension(grease[2]!, new Uint8Array(300)),
        ],
      }),
      NAME,
    ],
    "5,476 bytes, as from a client with many tickets": [records(messageOfLength(5476)), NAME],
    "a single byte in the last record": [records(messageOfLength(400), [399]), NAME],
  };
  for (const version of [0x0000, 0x0200, 0x0300, 0x0303, 0x0304, 0x7f1c, 0xffff]) {
    const versioned = record(message(helloBody()), 22, version);
    cases[`record version 0x${version.toString(16)}`] = [versioned, NAME];
  }
  for (const [what, [bytes, name]] of Object.entries(cases)) {
    await t.step(what, () => {
      const result = parseClientHello(bytes);
      equal(result.state, "hello", JSON.stringify(result));
      ok(result.state === "hello");
      equal(result.serverName, name);
      equal(result.length, bytes.length);
      equal(bytesUntilFinal(bytes), bytes.length);
    });
  }
});

Deno.test("parseClientHello() ignores what follows the hello", async (t) => {
  const one = hello();
  const followers: Record<string, Part> = {
    "change_cipher_spec and early data": bytes(record([1], 20), record(new Uint8Array(99), 23)),
    "a second hello": one,
    "garbage": new Uint8Array(100).fill(0xee),
    "more than the limit": new Uint8Array(MAX_HELLO_BYTES),
  };
  for (const [what, follower] of Object.entries(followers)) {
    await t.step(what, () => {
      deepEqual(parseClientHello(bytes(one, follower)), parseClientHello(one));
    });
  }
  await t.step("handshake bytes in the hello's own record", () => {
    const content = bytes(message(helloBody()), message([], 4));
    const result = parseClientHello(record(content));
    equal(result.state === "hello" && result.length, 5 + content.length - 4);
  });
});

/** Places in the default hello, counted from the start of its record. */
const AT = { message: 5, body: 9, sessionId: 9 + 34, suites: 9 + 34 + 33 };

Deno.test("parseClientHello() refuses as soon as the bytes prove it", async (t) => {
  /** The default hello with some bytes overwritten. */
  function patched(at: number, ...values: number[]): Uint8Array {
    const patchedHello = hello();
    patchedHello.set(values, at);
    return patchedHello;
  }
  const name = serverName(NAME);
  const plain = helloBody();
  const compressionAt = AT.suites + 2 + 6;
  const blockAt = compressionAt + 2;
  const sslv2 = bytes([0x80, 0x2e, 1, 0, 2], new Uint8Array(43));
  type Case = [bytes: Uint8Array, reason: RejectReason, final: number, alert?: AlertName];
  const cases: Record<string, Case> = {
    "an HTTP request": [bytes("GET / HTTP/1.1\r\n"), "not-tls", 1],
    "a banner of SSH": [bytes("SSH-2.0-x\r\n"), "not-tls", 1],
    "zeros": [new Uint8Array(100), "not-tls", 1],
    "an SSLv2 hello": [sslv2, "sslv2", 5, "protocolVersion"],
    "an SSLv2 hello that offers TLS 1.0": [
      bytes([0x80, 0x67, 1, 3, 1], new Uint8Array(100)),
      "sslv2",
      5,
      "protocolVersion",
    ],
    "a first byte of SSLv2 alone": [bytes([0x80, 0x67, 2, 3, 1]), "not-tls", 5],
    "an alert": [record([1, 0], 21), "unexpected-record", 1, "unexpectedMessage"],
    "change_cipher_spec first": [record([1], 20), "unexpected-record", 1, "unexpectedMessage"],
    "a heartbeat first": [record([1], 24), "unexpected-record", 1, "unexpectedMessage"],
    "a type below those of records": [record([1], 19), "not-tls", 1],
    "a type above those of records": [record([1], 25), "not-tls", 1],
    "application data first": [record([0], 23), "unexpected-record", 1, "unexpectedMessage"],
    "another record inside the hello": [
      bytes(records(message(plain).subarray(0, 50)), record([1], 20)),
      "unexpected-record",
      56,
      "unexpectedMessage",
    ],
    "text inside the hello": [
      bytes(records(message(plain).subarray(0, 50)), "GET / "),
      "unexpected-record",
      56,
      "unexpectedMessage",
    ],
    "an empty record": [record([]), "empty-fragment", 5, "unexpectedMessage"],
    "an empty record inside the hello": [
      bytes(records(message(plain).subarray(0, 50)), record([])),
      "empty-fragment",
      60,
      "unexpectedMessage",
    ],
    "a record over 2^14 bytes": [
      record(new Uint8Array(16_385)),
      "record-overflow",
      5,
      "recordOverflow",
    ],
    "another handshake message": [
      record(message(plain, 2)),
      "unexpected-message",
      6,
      "unexpectedMessage",
    ],
    "a handshake message of 16 MiB": [patched(AT.message + 1, 0xff, 0xff, 0xff), "too-large", 9],
    "a body below the least length": [record(message(new Uint8Array(40))), "malformed", 9],
    "a session id of 33 bytes": [hello({ sessionId: new Uint8Array(33) }), "malformed", 44],
    "cipher suites of an odd length": [
      hello({ cipherSuites: [0x13, 1, 0x13] }),
      "malformed",
      AT.suites + 2,
    ],
    "no cipher suites": [hello({ cipherSuites: [] }), "malformed", AT.suites + 2],
    "cipher suites past the end": [patched(AT.suites, 0xff, 0xfe), "malformed", AT.suites + 2],
    "no compression method": [hello({ compression: [] }), "malformed", compressionAt + 1],
    "compression methods past the end": [
      patched(compressionAt, 0xff),
      "malformed",
      compressionAt + 1,
    ],
    "one byte of an extension block": [
      hello({ extensions: null, after: [0] }),
      "malformed",
      compressionAt + 1,
    ],
    "bytes behind the extensions": [
      hello({ extensions: [name], after: [0] }),
      "malformed",
      blockAt + 2,
    ],
    "an extension block past the end": [patched(blockAt, 0xff, 0xff), "malformed", blockAt + 2],
    "three bytes of an extension": [
      hello({ extensions: [[0, 0, 0]] }),
      "malformed",
      blockAt + 2,
    ],
    "an extension past the block": [
      patched(blockAt + 2, 0, 21, 0xff, 0xff),
      "malformed",
      blockAt + 6,
    ],
    "the server name twice": [
      hello({ extensions: [name, name] }),
      "duplicate-extension",
      blockAt + 2 + name.length + 4,
    ],
    "an unknown extension twice": [
      hello({ extensions: [extension(0x1234), name, extension(0x1234)] }),
      "duplicate-extension",
      blockAt + 2 + 4 + name.length + 4,
    ],
    "a server name in UTF-8": [
      hello({ extensions: [serverName(new TextEncoder().encode("ä.example"))] }),
      "bad-server-name",
      blockAt + 2 + 4 + 5 + 10,
    ],
    "an empty ALPN extension": [
      hello({ extensions: [name, extension(16)] }),
      "malformed",
      blockAt + 2 + name.length + 4,
    ],
    "an empty ALPN list": [
      hello({ extensions: [extension(16, vector(2))] }),
      "malformed",
      blockAt + 2 + 6,
    ],
    "an empty ALPN name": [
      hello({ extensions: [alpn("h2", "")] }),
      "malformed",
      blockAt + 2 + 4 + 2 + 4,
    ],
    "an ALPN name past its list": [
      hello({ extensions: [extension(16, vector(2, [3], "h2"))] }),
      "malformed",
      blockAt + 2 + 4 + 2 + 3,
    ],
    "an ALPN list shorter than its extension": [
      hello({ extensions: [extension(16, vector(2, vector(1, "h2")), [0])] }),
      "malformed",
      blockAt + 2 + 4 + 2 + 3 + 1,
    ],
  };
  for (const [what, [bytes, reason, final, alert = "decodeError"]] of Object.entries(cases)) {
    await t.step(what, () => {
      const result = parseClientHello(bytes);
      equal(result.state, "reject", JSON.stringify(result));
      ok(result.state === "reject");
      deepEqual([result.reason, result.alert], [reason, alert]);
      equal(bytesUntilFinal(bytes), final);
      deepEqual(readPieces([...bytes.subarray(0, final)].map((b) => Uint8Array.of(b))), result);
    });
  }
});

Deno.test("parseClientHello() asks for more at every prefix of a hello", () => {
  for (const bytes of [hello(), records(message(helloBody()), [1, 2, 60, 61])]) {
    for (let length = 0; length < bytes.length; length++) {
      deepEqual(parseClientHello(bytes.subarray(0, length)), { state: "more" });
    }
  }
  deepEqual(parseClientHello(bytes([0x16, 3, 1, 0, 5])), { state: "more" });
});

Deno.test("ClientHelloReader reads up to the limit and no further", async (t) => {
  const largest = MAX_HELLO_BYTES - 4 * 5;
  await t.step("a hello of exactly 64 KiB", () => {
    const bytes = fewestRecords(messageOfLength(largest));
    equal(bytes.length, MAX_HELLO_BYTES);
    const result = parseClientHello(bytes);
    equal(result.state === "hello" && result.serverName, NAME);
    equal(bytesUntilFinal(bytes), MAX_HELLO_BYTES);
  });
  await t.step("one byte more is refused when it is declared", () => {
    const bytes = fewestRecords(messageOfLength(largest + 1));
    const result = parseClientHello(bytes);
    equal(result.state === "reject" && result.reason, "too-large");
    equal(bytesUntilFinal(bytes), 9);
  });
  await t.step("one record more is refused at the limit", () => {
    const content = messageOfLength(largest);
    const bytes = records(content, [16_384, 20_000, 32_768, 49_152]);
    equal(bytes.length, MAX_HELLO_BYTES + 5);
    const result = parseClientHello(bytes);
    equal(result.state === "reject" && result.reason, "too-large");
    equal(bytesUntilFinal(bytes), MAX_HELLO_BYTES);
  });
  await t.step("reads that cross the limit", () => {
    const bytes = records(messageOfLength(largest), [16_384, 20_000, 32_768, 49_152]);
    for (const size of [1000, 16_383, 60_000, 65_535]) {
      const pieces = Array.from(
        { length: Math.ceil(bytes.length / size) },
        (_, i) => bytes.subarray(i * size, (i + 1) * size),
      );
      const result = readPieces(pieces);
      equal(result.state === "reject" && result.reason, "too-large", `reads of ${size}`);
    }
  });
  await t.step("one byte in each record ends at the limit", () => {
    const content = messageOfLength(20_000);
    const bytes = records(content, Array.from(content.subarray(1), (_, i) => i + 1));
    equal(bytesUntilFinal(bytes), MAX_HELLO_BYTES);
    const result = parseClientHello(bytes);
    equal(result.state === "reject" && result.reason, "too-large");
  });
});

Deno.test("ClientHelloReader keeps its answer", () => {
  const accepted = new ClientHelloReader();
  const found = accepted.push(hello());
  deepEqual(accepted.push(bytes("anything")), found);
  const refused = new ClientHelloReader();
  const refusal = refused.push(bytes("GET"));
  deepEqual(refused.push(hello()), refusal);
  const empty = new ClientHelloReader();
  deepEqual(empty.push(new Uint8Array(0)), { state: "more" });
  equal(empty.push(hello()).state, "hello");
});

Deno.test("ClientHelloReader allocates by the bytes received, not by those declared", () => {
  const start = records(messageOfLength(60_000).subarray(0, 100));
  const before = Deno.memoryUsage();
  const readers = Array.from({ length: 2000 }, () => {
    const reader = new ClientHelloReader();
    equal(reader.push(start.subarray(0, 50)).state, "more");
    equal(reader.push(start.subarray(50)).state, "more");
    return reader;
  });
  const after = Deno.memoryUsage();
  const grown = after.external + after.heapUsed - before.external - before.heapUsed;
  // 2,000 times the declared 60,000 bytes would be 120 MB.
  ok(grown < 30_000_000, `${grown} bytes for ${readers.length} readers`);
});

Deno.test("looksLikeTls() judges by the first byte", () => {
  equal(looksLikeTls(new Uint8Array(0)), true);
  equal(looksLikeTls(bytes([22])), true);
  equal(looksLikeTls(cutRecords(message(helloBody()), 1)), true);
  equal(looksLikeTls(bytes([0x80])), true);
  for (const other of ["GET", "\0", "\x15", "\x17", "\x7f", " "]) {
    equal(looksLikeTls(bytes(other)), false);
  }
});
