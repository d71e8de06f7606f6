import { closeQuietly, type Duplex, writeAll } from "./splice.ts";

/** How long a peer may take to read a refusal and close. */
const LINGER_MS = 1_000;

/** How much a peer may still send while it is being refused. */
const LINGER_BYTES = 64 * 1024;

/**
 * Sends a refusal, ends our side, and closes the connection once the peer has had time to read.
 *
 * Closing with bytes unread makes the kernel send a reset, which throws away the refusal on its way
 * to the peer (RFC 9112 section 9.6 tells the same of HTTP). Never rejects.
 */
export async function sendLastWords(conn: Duplex, words: Uint8Array): Promise<void> {
  const timer = setTimeout(() => closeQuietly(conn), LINGER_MS);
  try {
    await writeAll(conn, words);
    await conn.closeWrite();
    const rest = new Uint8Array(4096);
    let discarded = 0;
    while (discarded < LINGER_BYTES) {
      const n = await conn.read(rest);
      if (n === null) break;
      discarded += n;
    }
  } catch {
    // Gone already: there is nobody left to tell.
  } finally {
    clearTimeout(timer);
    closeQuietly(conn);
  }
}
