import { createHash } from "node:crypto";
import { acceptLoop } from "../../lib/net/accept_loop.ts";
import { closeQuietly, type Duplex, writeAll } from "../../lib/net/splice.ts";

/** Silence after which a backend takes what it has for all there is; longer before any byte. */
const QUIET_MS = { atFirst: 3_000, then: 500 } as const;

/** What a backend says of the bytes that it got. */
export interface Receipt {
  backend: string;
  bytes: number;
  sha256: string;
}

/** The line in which a backend answers. */
function receiptLine(backend: string, received: Uint8Array): Uint8Array<ArrayBuffer> {
  const sha256 = createHash("sha256").update(received).digest("hex");
  return new TextEncoder().encode(`RECEIPT ${backend} ${received.length} ${sha256}\n`);
}

/** Reads what {@linkcode receiptLine} wrote. */
export function readReceipt(text: string): Receipt | undefined {
  const [, backend = "", bytes, sha256 = ""] =
    /^RECEIPT (\w+) (\d+) ([0-9a-f]{64})\n$/.exec(text) ??
      [];
  return bytes === undefined ? undefined : { backend, bytes: Number(bytes), sha256 };
}

/**
 * Takes what comes until it is quiet or at its end, answers with a receipt, and closes.
 *
 * @param first bytes that were read from the connection before.
 */
export async function answerWithReceipt(
  name: string,
  conn: Duplex,
  first: Uint8Array = new Uint8Array(0),
): Promise<void> {
  let received = first;
  const chunk = new Uint8Array(64 * 1024);
  try {
    while (true) {
      const n = await readWithin(conn, chunk, QUIET_MS[received.length === 0 ? "atFirst" : "then"]);
      if (n === null) break;
      const longer = new Uint8Array(received.length + n);
      longer.set(received);
      longer.set(chunk.subarray(0, n), received.length);
      received = longer;
    }
    await writeAll(conn, receiptLine(name, received));
  } catch {
    // The relay is gone: nobody to answer.
  } finally {
    closeQuietly(conn);
  }
}

/** Reads, or answers null when nothing comes in time. */
async function readWithin(conn: Duplex, chunk: Uint8Array, ms: number): Promise<number | null> {
  const quiet = Promise.withResolvers<null>();
  const timer = setTimeout(() => quiet.resolve(null), ms);
  const reading = conn.read(chunk);
  reading.catch(() => {});
  try {
    return await Promise.race([reading, quiet.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** A server that answers every connection with a receipt. */
export function startBackend(name: string): { port: number } & Disposable {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const stopping = new AbortController();
  acceptLoop({
    accept: () => listener.accept(),
    onConnection: (conn) => void answerWithReceipt(name, conn),
    onError() {},
    signal: stopping.signal,
  });
  return {
    port: listener.addr.port,
    [Symbol.dispose]() {
      stopping.abort();
      listener.close();
    },
  };
}
