import { closeQuietly, splice, writeAll } from "../../../lib/net/splice.ts";

/** Bytes of each TLS record that a hello is cut into: too few for its name. */
const RECORD_BYTES = 50;

/**
 * Passes TLS connections on with their hello cut into small records, as some clients send it and
 * HAProxy 2.6 cannot read.
 */
export function fragmentHellos(to: number): Disposable & { port: number } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  (async () => {
    for await (const conn of listener) pass(conn).catch(() => closeQuietly(conn));
  })().catch(() => {});

  async function pass(conn: Deno.TcpConn): Promise<void> {
    const buffer = new Uint8Array(64 * 1024);
    let length = 0;
    while (length < 5 || length < 5 + buffer[3]! * 256 + buffer[4]!) {
      const n = await conn.read(buffer.subarray(length));
      if (n === null) return closeQuietly(conn);
      length += n;
    }
    const backend = await Deno.connect({ hostname: "127.0.0.1", port: to });
    const hello = buffer.subarray(5, length);
    for (let at = 0; at < hello.length; at += RECORD_BYTES) {
      const part = hello.subarray(at, at + RECORD_BYTES);
      await writeAll(backend, Uint8Array.of(...buffer.subarray(0, 3), 0, part.length, ...part));
    }
    await splice(conn, backend);
  }

  return { port: listener.addr.port, [Symbol.dispose]: () => listener.close() };
}
