import { deepEqual, equal, ok } from "node:assert/strict";
import { parseClientHello } from "../../lib/wire/client_hello.ts";
import { strideFor } from "./cuts.ts";
import { checkManyCuts } from "./cuts_pool.ts";
import { expectedName, readRecordings } from "./recording.ts";

const RECORDINGS = readRecordings();

Deno.test("parseClientHello() reads the hellos of real clients as OpenSSL does", async (t) => {
  ok(RECORDINGS.length >= 60, `${RECORDINGS.length} recordings`);
  for (const { name, bytes, openssl } of RECORDINGS) {
    await t.step(name, () => {
      const result = parseClientHello(bytes);
      if (name === "java-sslv2") {
        // OpenSSL still answers this format, which has no server name.
        equal(result.state === "reject" && result.reason, "sslv2");
        return;
      }
      ok(result.state === "hello", JSON.stringify(result));
      equal(openssl.answer, "server-hello");
      equal(result.serverName, expectedName(openssl.serverName));
      deepEqual(result.alpn, openssl.alpn);
      equal(result.length, bytes.length);
    });
  }
});

Deno.test("the recordings hold what makes hellos hard to read", () => {
  const results = RECORDINGS.map(({ bytes }) => parseClientHello(bytes));
  const hellos = results.filter((result) => result.state === "hello");
  const records = RECORDINGS.map(({ bytes }) => countRecords(bytes));
  ok(hellos.some((hello) => hello.ech), "ECH");
  ok(hellos.some((hello) => hello.length > 60_000), "nearly 64 KiB");
  ok(hellos.some((hello) => hello.length > 1460 && hello.length < 2000), "more than a segment");
  ok(records.filter((count) => count > 1).length >= 4, "several records");
  ok(hellos.some((hello) => hello.serverName === undefined), "no name");
  ok(hellos.some((hello) => (hello.serverName?.length ?? 0) > 200), "a long name");
});

Deno.test("ClientHelloReader gives one answer to real hellos at pairs of cuts", async () => {
  const hellos = RECORDINGS.filter(({ bytes }) => parseClientHello(bytes).state === "hello");
  // Of hellos of one length, mostly by one library, the first has all its pairs tried here;
  // scripts/corpus/check.ts tries those of the others too.
  const lengths = new Set<number>();
  const jobs = hellos.map(({ name, bytes }) => {
    const again = lengths.has(bytes.length);
    lengths.add(bytes.length);
    const stride = again ? Math.ceil(bytes.length / 100) : strideFor(bytes.length);
    return { name, bytes, stride };
  });
  const results = await checkManyCuts(jobs);
  equal(results.length, jobs.length);
  for (const { name, tried, error } of results) {
    equal(error, undefined, name);
    ok(tried > 1000, `${name}: ${tried} cuts`);
  }
});

function countRecords(bytes: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < bytes.length; count++) at += 5 + (bytes[at + 3]! << 8 | bytes[at + 4]!);
  return count;
}
