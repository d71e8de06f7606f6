/**
 * The least that a relay can be on this runtime: no hello, no limits, a read and a write in turn with
 * a buffer of its own each direction. See {@linkcode LoadProcess}.
 */
import { closeQuietly, writeAll } from "../../../lib/net/splice.ts";
import { PREFACE_BYTES } from "../../../lib/wire/messages.ts";
import { answerCalls } from "../load_process.ts";

async function copy(from: Deno.TcpConn, to: Deno.TcpConn, bufferBytes: number): Promise<void> {
  const buffer = new Uint8Array(bufferBytes);
  for (let n; (n = await from.read(buffer)) !== null;) await writeAll(to, buffer.subarray(0, n));
  await to.closeWrite();
}

/** Copies both directions to their ends, and closes both connections. */
async function join(one: Deno.TcpConn, other: Deno.TcpConn, bufferBytes: number): Promise<void> {
  // Either may end as it likes: the visitor tells what matters.
  await Promise.allSettled([copy(one, other, bufferBytes), copy(other, one, bufferBytes)]);
  closeQuietly(one);
  closeQuietly(other);
}

async function relay(conn: Deno.TcpConn, port: number, bufferBytes: number): Promise<void> {
  await join(conn, await Deno.connect({ hostname: "127.0.0.1", port }), bufferBytes);
}

/** Takes connections, without their waiting for acknowledgements. */
async function accept(
  listener: Deno.TcpListener,
  onConnection: (conn: Deno.TcpConn) => void,
): Promise<void> {
  for await (const conn of listener) {
    conn.setNoDelay(true);
    onConnection(conn);
  }
}

await answerCalls({
  /** Joins each visitor with a connection that a client parked before, and showed a ticket on. */
  meet({ bufferBytes }: { bufferBytes: number }) {
    const [visitors, data] = [1, 2].map(() => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
    const parked: Deno.TcpConn[] = [];
    const waiting: Deno.TcpConn[] = [];
    accept(data!, async (client) => {
      if (await client.read(new Uint8Array(PREFACE_BYTES)) === null) return client.close();
      const visitor = waiting.shift();
      if (visitor === undefined) parked.push(client);
      else join(visitor, client, bufferBytes);
    });
    accept(visitors!, (visitor) => {
      const client = parked.shift();
      if (client === undefined) waiting.push(visitor);
      else join(visitor, client, bufferBytes);
    });
    return { port: visitors!.addr.port, dataPort: data!.addr.port };
  },
  /** Relays connections to a port: all, or its share of those that come where another process listens as well. */
  relay({ at, port, bufferBytes }: { at: number; port: number; bufferBytes: number }) {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: at, reusePort: true });
    (async () => {
      for await (const conn of listener) relay(conn, port, bufferBytes);
    })();
    return { port: listener.addr.port };
  },
});
