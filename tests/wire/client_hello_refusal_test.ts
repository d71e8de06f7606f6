import { deepEqual, equal, ok } from "node:assert/strict";
import { parseClientHello } from "../../lib/wire/client_hello.ts";
import type { RejectReason } from "../../lib/wire/hello_message.ts";
import { bytesUntilFinal, readPieces } from "./cuts.ts";
import {
  alpn,
  bytes,
  extension,
  hello,
  helloBody,
  message,
  record,
  records,
  serverName,
  vector,
} from "./hello_builder.ts";

/** Places in the default hello, counted from the start of its record. */
const AT = { message: 5, body: 9, sessionId: 9 + 34, suites: 9 + 34 + 33 };

Deno.test("parseClientHello() refuses as soon as the bytes prove it", async (t) => {
  /** The default hello with some bytes overwritten. */
  function patched(at: number, ...values: number[]): Uint8Array {
    const patchedHello = hello();
    patchedHello.set(values, at);
    return patchedHello;
  }
  const name = serverName("kaylee.example.org");
  const plain = helloBody();
  const compressionAt = AT.suites + 2 + 6;
  const blockAt = compressionAt + 2;
  const sslv2 = bytes([0x80, 0x2e, 1, 0, 2], new Uint8Array(43));
  type Case = [bytes: Uint8Array, reason: RejectReason, final: number];
  const cases: Record<string, Case> = {
    "an HTTP request": [bytes("GET / HTTP/1.1\r\n"), "not-tls", 1],
    "a banner of SSH": [bytes("SSH-2.0-x\r\n"), "not-tls", 1],
    "zeros": [new Uint8Array(100), "not-tls", 1],
    "an SSLv2 hello": [sslv2, "sslv2", 5],
    "an SSLv2 hello that offers TLS 1.0": [
      bytes([0x80, 0x67, 1, 3, 1], new Uint8Array(100)),
      "sslv2",
      5,
    ],
    "a first byte of SSLv2 alone": [bytes([0x80, 0x67, 2, 3, 1]), "not-tls", 5],
    "an alert": [record([1, 0], 21), "unexpected-record", 1],
    "change_cipher_spec first": [record([1], 20), "unexpected-record", 1],
    "a heartbeat first": [record([1], 24), "unexpected-record", 1],
    "a type below those of records": [record([1], 19), "not-tls", 1],
    "a type above those of records": [record([1], 25), "not-tls", 1],
    "application data first": [record([0], 23), "unexpected-record", 1],
    "another record inside the hello": [
      bytes(records(message(plain).subarray(0, 50)), record([1], 20)),
      "unexpected-record",
      56,
    ],
    "text inside the hello": [
      bytes(records(message(plain).subarray(0, 50)), "GET / "),
      "unexpected-record",
      56,
    ],
    "an empty record": [record([]), "empty-fragment", 5],
    "an empty record inside the hello": [
      bytes(records(message(plain).subarray(0, 50)), record([])),
      "empty-fragment",
      60,
    ],
    "a record over 2^14 bytes": [
      record(new Uint8Array(16_385)),
      "record-overflow",
      5,
    ],
    "another handshake message": [
      record(message(plain, 2)),
      "unexpected-message",
      6,
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
  for (const [what, [bytes, reason, final]] of Object.entries(cases)) {
    await t.step(what, () => {
      const result = parseClientHello(bytes);
      equal(result.state, "reject", JSON.stringify(result));
      ok(result.state === "reject");
      equal(result.reason, reason);
      equal(bytesUntilFinal(bytes), final);
      deepEqual(readPieces([...bytes.subarray(0, final)].map((b) => Uint8Array.of(b))), result);
    });
  }
});
