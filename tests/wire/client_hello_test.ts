import { deepEqual, equal, ok } from "node:assert/strict";
import {
  ClientHelloReader,
  looksLikeTls,
  MAX_HELLO_BYTES,
  parseClientHello,
} from "../../lib/wire/client_hello.ts";
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

Deno.test("parseClientHello() has no hello before its record is whole, which a TLS server waits for", () => {
  const content = bytes(message(helloBody()), [0]);
  const whole = records(content, [100]);
  deepEqual(parseClientHello(whole.subarray(0, -1)), { state: "more" });
  equal(parseClientHello(whole).state, "hello");
  equal(bytesUntilFinal(whole), whole.length);
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
