import assert from "node:assert/strict";
import { writeAll } from "../../lib/net/splice.ts";
import { openTls, raw } from "./raw_https.ts";
import { BASE, type Relay, startRelay } from "./relay.ts";

const HOST = `relay.${BASE}`;

/** Sends a request as whole as it can be sent, reads only then, and tells the status. */
async function statusOf(relay: Relay, pieces: readonly Uint8Array[]): Promise<string> {
  using tls = await openTls(relay, { listener: "hub", serverName: HOST });
  for (const piece of pieces) {
    // The rest of a body may find the connection ended; the answer is there all the same.
    if (!await writeAll(tls, piece).then(() => true, () => false)) break;
  }
  const answer = new Uint8Array(4096);
  const n = await tls.read(answer).catch(() => null);
  return new TextDecoder().decode(answer.subarray(0, n ?? 0)).split(" ")[1] ?? "no answer";
}

const head = (field: string): Uint8Array =>
  raw(`POST /v1/claims HTTP/1.1\r\nHost: ${HOST}\r\n${field}\r\n\r\n`);

Deno.test("whoever sends all of a body first still reads why it was refused", async () => {
  await using relay = await startRelay({
    settings: { LOG_LEVEL: "info", REQUESTS_PER_SECOND: "1000", REQUEST_BURST: "1000" },
  });
  for (const size of [70_000, 300_000, 1_000_000, 4_000_000]) {
    const body = new Uint8Array(size).fill(0x78);
    const declared = [head(`Content-Length: ${size}`), body];
    const chunked = [
      head("Transfer-Encoding: chunked"),
      ...[raw(`${size.toString(16)}\r\n`), body, raw("\r\n0\r\n\r\n")],
    ];
    for (const pieces of [declared, chunked]) {
      // No more at once: a slow machine is to take them in while they are listened to.
      const statuses = await Promise.all([statusOf(relay, pieces), statusOf(relay, pieces)]);
      assert.deepEqual(new Set(statuses), new Set(["413"]), `${size} bytes`);
    }
  }
  // A body without an end is not listened to for long.
  using tls = await openTls(relay, { listener: "hub", serverName: HOST });
  const began = performance.now();
  await writeAll(tls, head("Content-Length: 99999999"));
  await assert.rejects(async () => {
    for (;;) {
      await writeAll(tls, new Uint8Array(1000));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });
  const seconds = (performance.now() - began) / 1000;
  assert.ok(seconds < 20, `${seconds} s`);
});
