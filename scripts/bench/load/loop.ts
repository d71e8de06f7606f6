/**
 * The least that a relay can be on this runtime: no hello, no limits, a read and a write in turn with
 * a buffer of its own each direction. See {@linkcode LoadProcess}.
 */
import { closeQuietly, writeAll } from "../../../lib/net/splice.ts";
import { answerCalls } from "../load_process.ts";

async function copy(from: Deno.TcpConn, to: Deno.TcpConn, bufferBytes: number): Promise<void> {
  const buffer = new Uint8Array(bufferBytes);
  for (let n; (n = await from.read(buffer)) !== null;) await writeAll(to, buffer.subarray(0, n));
  await to.closeWrite();
}

async function relay(conn: Deno.TcpConn, port: number, bufferBytes: number): Promise<void> {
  const origin = await Deno.connect({ hostname: "127.0.0.1", port });
  // Either may end as it likes: the visitor tells what matters.
  await Promise.allSettled([copy(conn, origin, bufferBytes), copy(origin, conn, bufferBytes)]);
  closeQuietly(conn);
  closeQuietly(origin);
}

await answerCalls({
  /** Relays connections to a port: all, or its share of those that come where another process listens as well. */
  relay({ at, port, bufferBytes }: { at: number; port: number; bufferBytes: number }) {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: at, reusePort: true });
    (async () => {
      for await (const conn of listener) relay(conn, port, bufferBytes);
    })();
    return { port: listener.addr.port };
  },
});
