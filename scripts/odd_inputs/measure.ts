import { createHash } from "node:crypto";
import { sleep } from "../../lib/net/pause.ts";
import { ALERT } from "../../lib/wire/alert.ts";
import { closeQuietly, writeAll } from "../../lib/net/splice.ts";
import { bytes } from "../../tests/wire/hello_builder.ts";
import { readReceipt } from "./backend.ts";
import type { OddInput, Outcome } from "./inputs.ts";

/** How long an answer is waited for: well above the five seconds that all are set to. */
const PATIENCE_MS = 12_000;

/** Alerts by their numbers, as RFC 9846 writes their names. */
const ALERT_NAMES: Record<number, string> = Object.fromEntries(
  Object.entries(ALERT).map(([name, code]) => [
    code,
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
  ]),
);

/** Sends an input to a relay and tells what became of it. */
export async function measure(port: number, input: OddInput): Promise<Outcome> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  conn.setNoDelay(true);
  let patient = true;
  const timer = setTimeout(() => {
    patient = false;
    closeQuietly(conn);
  }, PATIENCE_MS);
  const sending = send(conn, input).catch(() => {});
  const answer = await readAll(conn);
  clearTimeout(timer);
  closeQuietly(conn);
  await sending;
  if (answer.length === 0) return patient ? "closed" : "open";
  return judge(answer, bytes(...input.parts));
}

async function send(conn: Deno.TcpConn, { parts, pauseMs = 0, end }: OddInput): Promise<void> {
  for (const [i, part] of parts.entries()) {
    if (i > 0 && pauseMs > 0) await sleep(pauseMs);
    await writeAll(conn, bytes(part));
  }
  if (end) await conn.closeWrite();
}

/** All that comes until the end; a reset ends it too. */
async function readAll(conn: Deno.TcpConn): Promise<Uint8Array> {
  let all = new Uint8Array(0);
  const chunk = new Uint8Array(16 * 1024);
  try {
    for (let n = await conn.read(chunk); n !== null; n = await conn.read(chunk)) {
      all = bytes(all, chunk.subarray(0, n));
    }
  } catch {
    // Reset, or given up: what came counts.
  }
  return all;
}

function judge(answer: Uint8Array, sent: Uint8Array): Outcome {
  const text = new TextDecoder("latin1").decode(answer);
  const receipt = readReceipt(text);
  if (receipt !== undefined) {
    // The backend may have answered before the last byte was sent.
    const seen = sent.subarray(0, receipt.bytes);
    const sha256 = createHash("sha256").update(seen).digest("hex");
    const name = receipt.backend as "kaylee" | "default";
    return receipt.sha256 === sha256 ? name : `${name}, altered`;
  }
  if (answer[0] === 21 && answer.length === 7) {
    return `alert ${ALERT_NAMES[answer[6]!] ?? answer[6]}`;
  }
  const http = /^HTTP\/1\.[01] (\d{3}) /.exec(text);
  return http === null ? "garbled" : `HTTP ${http[1]}`;
}
