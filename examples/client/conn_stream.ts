import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import { writeAll } from "../../lib/net/splice.ts";

/** Bytes read at once: a TLS record fits (RFC 8446 section 5.1). */
const READ_BYTES = 32 * 1024;

/**
 * A connection as a stream of Node's, `head` first.
 *
 * `end` comes when the peer has ended and all that it sent was read.
 *
 * @param close closes the connection, when the stream is destroyed.
 */
export function connStream(
  conn: Deno.TcpConn,
  head: Uint8Array,
  close: () => Promise<void>,
): Duplex {
  const buffer = new Uint8Array(READ_BYTES);
  let first = head.length > 0;
  return new Duplex({
    read() {
      if (first) {
        first = false;
        this.push(head);
        return;
      }
      conn.read(buffer).then(
        (n) => this.push(n === null ? null : buffer.slice(0, n)),
        (error) => this.destroy(error),
      );
    },
    write(chunk: Uint8Array, _encoding, done) {
      writeAll(conn, chunk).then(() => done(), done);
    },
    writev(chunks: { chunk: Uint8Array }[], done) {
      const joined = Buffer.concat(chunks.map(({ chunk }) => chunk));
      writeAll(conn, joined).then(() => done(), done);
    },
    final(done) {
      conn.closeWrite().then(() => done(), done);
    },
    destroy(error, done) {
      close().then(() => done(error));
    },
  });
}
