import { deepEqual, equal, ok } from "node:assert/strict";
import { parseClientHello } from "../../lib/wire/client_hello.ts";
import { cutRecords, fragments } from "./cuts.ts";
import {
  alpn,
  extension,
  hello,
  helloBody,
  message,
  record,
  serverName,
  u16,
  vector,
} from "./hello_builder.ts";
import { OpensslServer } from "./openssl.ts";
import { normalizeServerName } from "../../lib/wire/server_name.ts";
import { expectedName, readRecordings } from "./recording.ts";

/** Extensions without which OpenSSL agrees on nothing. */
const NEEDED = [
  extension(10, vector(2, u16(29), u16(23))),
  extension(13, vector(2, u16(0x0401), u16(0x0804), u16(0x0601))),
];

/** Runs a test beside an OpenSSL server, which needs `node`: without it the test fails. */
async function withOpenssl(test: (server: OpensslServer) => Promise<void>): Promise<void> {
  const server = await OpensslServer.start();
  try {
    await test(server);
  } finally {
    await server.stop();
  }
}

/** Numbers from 0 up to `limit` that are the same in every run. */
function numbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor(state / 2 ** 32 * limit);
  };
}

Deno.test("parseClientHello() reads built hellos as OpenSSL does", async () => {
  await withOpenssl(async (server) => {
    const names = ["kaylee.example.org", "Kaylee.Example.ORG.", "192.0.2.7", "::1", "a_b.-c", null];
    for (const name of names) {
      for (const protocols of [[], ["h2", "http/1.1"], ["\x0a\x0a", "x".repeat(255)]]) {
        const extensions = [
          ...NEEDED,
          ...name === null ? [] : [serverName(name)],
          ...protocols.length === 0 ? [] : [alpn(...protocols)],
        ];
        const bytes = hello({ extensions });
        const view = await server.view(bytes);
        const result = parseClientHello(bytes);
        equal(view.answer, "server-hello");
        ok(result.state === "hello");
        equal(view.serverName, name);
        equal(result.serverName, expectedName(name));
        deepEqual(result.alpn, view.alpn);
      }
    }
  });
});

Deno.test("parseClientHello() reads real hellos cut into records as OpenSSL does", async () => {
  const below = numbers(7);
  await withOpenssl(async (server) => {
    for (const { name, bytes, openssl } of readRecordings()) {
      if (parseClientHello(bytes).state !== "hello") continue;
      const content = fragments(bytes);
      for (let round = 0; round < 5; round++) {
        const places = Array.from({ length: 1 + below(6) }, () => 1 + below(content.length - 1));
        const cuts = [...new Set(round === 0 ? [1, 2, 3] : places)].sort((a, b) => a - b);
        const cut = cutRecords(content, ...cuts).slice();
        const view = await server.view(cut);
        const result = parseClientHello(cut);
        ok(result.state === "hello", name);
        equal(view.serverName, openssl.serverName, `${name} cut at ${cuts}`);
        equal(result.serverName, expectedName(view.serverName));
        deepEqual(result.alpn, view.alpn);
        equal(view.answer, "server-hello", `${name} cut at ${cuts}`);
      }
    }
  });
});

Deno.test("parseClientHello() refuses what OpenSSL refuses", async (t) => {
  const [groups, algorithms] = NEEDED as [Uint8Array, Uint8Array];
  const name = serverName("kaylee.example.org");
  const whole = message(helloBody({ extensions: [...NEEDED, name] }));
  const cases: Record<string, Uint8Array> = {
    "an extension twice": hello({ extensions: [groups, algorithms, name, name] }),
    "a session id of 33 bytes": hello({ extensions: NEEDED, sessionId: new Uint8Array(33) }),
    "cipher suites of an odd length": hello({
      extensions: NEEDED,
      cipherSuites: [0xc0, 0x2f, 0xc0],
    }),
    "no compression method": hello({ extensions: NEEDED, compression: [] }),
    "bytes behind the extensions": hello({ extensions: NEEDED, after: [0] }),
    "an empty server_name": hello({ extensions: [...NEEDED, extension(0)] }),
    "an empty list of names": hello({ extensions: [...NEEDED, extension(0, vector(2))] }),
    "a name with NUL": hello({ extensions: [...NEEDED, serverName("a\0b")] }),
    "a name of 256 bytes": hello({ extensions: [...NEEDED, serverName("a".repeat(256))] }),
    "two names": hello({
      extensions: [...NEEDED, extension(0, vector(2, [0, 0, 1], "a", [0, 0, 1], "b"))],
    }),
    "an empty ALPN name": hello({ extensions: [...NEEDED, alpn("h2", "")] }),
    "an empty ALPN list": hello({ extensions: [...NEEDED, extension(16, vector(2))] }),
    "another message first": record(message(helloBody({ extensions: NEEDED }), 2)),
    "another record inside": Uint8Array.from([
      ...record(whole.subarray(0, 60)),
      ...record([1], 20),
      ...record(whole.subarray(60)),
    ]),
    "a record over 2^14 bytes": record(new Uint8Array(20_000).fill(1)),
    "an alert": record([1, 0], 21),
  };
  await withOpenssl(async (server) => {
    equal((await server.view(record(whole))).answer, "server-hello");
    equal(parseClientHello(record(whole)).state, "hello");
    for (const [what, bytes] of Object.entries(cases)) {
      await t.step(what, async () => {
        equal(parseClientHello(bytes).state, "reject");
        ok((await server.view(bytes)).answer !== "server-hello");
      });
    }
  });
});

Deno.test("parseClientHello() never finds another name than OpenSSL in damaged hellos", async () => {
  const below = numbers(11);
  const bases = readRecordings().filter(({ bytes, openssl }) =>
    bytes.length < 600 && bytes[0] === 22 && openssl.serverName !== null
  );
  let compared = 0;
  await withOpenssl(async (server) => {
    for (let round = 0; round < 1500; round++) {
      const bytes = bases[round % bases.length]!.bytes.slice();
      for (let flips = 1 + below(2); flips > 0; flips--) {
        bytes[5 + below(bytes.length - 5)] = below(256);
      }
      const result = parseClientHello(bytes);
      const view = await server.view(bytes);
      if (view.answer !== "server-hello") continue;
      // Names that OpenSSL takes and the reader does not hold control characters or bytes above 127.
      if (result.state === "reject" && result.reason === "bad-server-name") continue;
      compared++;
      ok(result.state === "hello", `${JSON.stringify(result)}: ${bytes.toHex()}`);
      // A name that no host has is taken as it is, its last dot too.
      const odd = typeof view.serverName === "string" && !normalizeServerName(view.serverName).ok;
      const name = odd ? String(view.serverName).toLowerCase() : expectedName(view.serverName);
      equal(result.serverName, name, bytes.toHex());
      // Node.js drops the top bit of other names.
      const ascii = result.alpn.every((name) => /^[ -~]*$/.test(name));
      if (ascii) deepEqual(result.alpn, view.alpn, bytes.toHex());
    }
  });
  ok(compared > 500, `only ${compared} were answered`);
});
