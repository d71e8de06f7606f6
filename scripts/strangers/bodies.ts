import { sleep } from "../../lib/net/pause.ts";
import type { Relay } from "../../tests/stories/relay.ts";
import { BASE } from "../../tests/stories/relay.ts";
import { usageOf } from "../bench/usage.ts";
import { closeQuietly, writeAll } from "../../lib/net/splice.ts";

/** Pieces that are written at once, so that sending them costs little. */
const PIECES_A_WRITE = 1_000;

/** How long memory has to come down once the bodies are there, milliseconds. */
const SETTLE_MS = 3_000;

/** What {@linkcode sendBodies} sends. */
export interface BodiesPlan {
  relay: Relay;
  /** Connections at once. */
  connections: number;
  /** Chunks of one byte on each of them, without an end. */
  chunks: number;
}

/** Resident memory of the relay, bytes. */
export interface BodiesReport {
  before: number;
  /** The most that was seen. */
  peak: number;
  /** With every connection that the relay left open still open. */
  after: number;
}

/** Sends bodies of claims in chunks of one byte, and tells what they took of the relay's memory. */
export async function sendBodies(
  { relay, connections, chunks }: BodiesPlan,
): Promise<BodiesReport> {
  const rss = (): number => usageOf([relay.pid]).rssBytes;
  const open: Deno.Conn[] = [];
  // A first body, for the memory that the relay needs at its first is none that it loses.
  open.push(await sendBody(relay, Math.min(chunks, PIECES_A_WRITE)));
  const before = rss();
  let peak = before;
  const watching = setInterval(() => peak = Math.max(peak, rss()), 100);
  try {
    const sent = Array.from({ length: connections }, () => sendBody(relay, chunks));
    open.push(...await Promise.all(sent));
    await sleep(SETTLE_MS);
    return { before, peak, after: rss() };
  } finally {
    clearInterval(watching);
    for (const conn of open) closeQuietly(conn);
  }
}

/** Sends one body without its end; resolves too when the relay has had enough of it. */
async function sendBody(relay: Relay, chunks: number): Promise<Deno.TlsConn> {
  const hostname = `relay.${BASE}`;
  const tcp = await Deno.connect({ hostname: "127.0.0.1", port: relay.ports.control! });
  tcp.setNoDelay(true);
  const conn = await Deno.startTls(tcp, {
    hostname,
    caCerts: [relay.ca],
    alpnProtocols: ["http/1.1"],
  });
  const head =
    `POST /v1/claims HTTP/1.1\r\nHost: ${hostname}\r\nTransfer-Encoding: chunked\r\n\r\n`;
  await writeAll(conn, new TextEncoder().encode(head));
  const piece = new TextEncoder().encode("1\r\nx\r\n".repeat(PIECES_A_WRITE));
  const bytesEach = piece.length / PIECES_A_WRITE;
  try {
    for (let left = chunks; left > 0; left -= PIECES_A_WRITE) {
      await writeAll(conn, piece.subarray(0, Math.min(left, PIECES_A_WRITE) * bytesEach));
    }
  } catch {
    // Answered and closed before all was sent.
  }
  return conn;
}
