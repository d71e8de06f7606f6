import { Buffer } from "node:buffer";
import { closeQuietly, splice, writeAll } from "../../lib/net/splice.ts";
import { headText, withoutEmptyBody } from "../../lib/wire/web_socket_opening.ts";

/** Longest head of a request, bytes. */
const MAX_HEAD_BYTES = 32 * 1024;

/** An HTTPS server that runs. */
export interface HttpsServer {
  port: number;
  /** Stops it after the requests in progress. */
  stop(): Promise<void>;
}

/**
 * Serves HTTPS on a free port of this machine: HTTP/1.1 alone, also by ALPN (PROTOCOL section 1), which
 * `Deno.serve` with TLS cannot be kept to. A connection carries one request, or one WebSocket.
 */
export function serveHttps(
  pair: { key: string; cert: string },
  handler: (request: Request) => Promise<Response>,
): HttpsServer {
  const http = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handler);
  const listener = Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    alpnProtocols: ["http/1.1"],
    ...pair,
  });
  const conns = new Set<Deno.TlsConn>();

  async function serve(conn: Deno.TlsConn): Promise<void> {
    try {
      const bytes = await readHead(conn);
      if (bytes === undefined) return;
      const server = await Deno.connect({ hostname: "127.0.0.1", port: http.addr.port });
      try {
        await writeAll(server, bytes);
      } catch (error) {
        closeQuietly(server);
        throw error;
      }
      await splice(conn, server);
    } finally {
      closeQuietly(conn);
      conns.delete(conn);
    }
  }

  async function accept(): Promise<void> {
    while (true) {
      const conn = await listener.accept().catch(() => undefined);
      if (conn === undefined) return;
      conns.add(conn);
      // Who leaves in the middle is nobody's fault.
      serve(conn).catch(() => {});
    }
  }

  accept();
  return {
    port: listener.addr.port,
    async stop() {
      closeQuietly(listener);
      await http.shutdown();
      for (const conn of conns) closeQuietly(conn);
    },
  };
}

/** Reads up to the end of a head at least; what the server is to be sent, undefined where none comes. */
async function readHead(conn: Deno.TlsConn): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const bytes = new Uint8Array(MAX_HEAD_BYTES);
  for (let length = 0; length < bytes.length;) {
    const n = await conn.read(bytes.subarray(length));
    if (n === null) return undefined;
    length += n;
    const head = headText(bytes.subarray(0, length));
    if (head === undefined) continue;
    return Buffer.concat([
      Buffer.from(fitHead(head), "latin1"),
      bytes.subarray(head.length, length),
    ]);
  }
  return undefined;
}

/** A head as the server takes it. */
function fitHead(head: string): string {
  if (/\r\nupgrade:/i.test(head)) return withoutEmptyBody(head);
  const lines = head.split("\r\n").filter((line) => !/^connection:/i.test(line));
  return [...lines, "Connection: close"].join("\r\n");
}
