import { acceptLoop } from "./accept_loop.ts";
import { closeQuietly, splice } from "./splice.ts";
import type { CertificatePair, TlsBackend } from "./tls_front.ts";

/** How long a page visit may take from the first byte to the last. */
const PAGE_LIMIT_MS = 30_000;

/** Answers a request that comes from a loopback port. */
export type PortHandler = (request: Request, port: number) => Response | Promise<Response>;

/** Starts an HTTPS server on loopback that speaks HTTP/1.1 and HTTP/2. */
export function startHttps(pair: CertificatePair, handler: PortHandler): TlsBackend {
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    cert: pair.cert,
    key: pair.key,
    onListen() {},
  }, (request, info) => handler(request, (info.remoteAddr as Deno.NetAddr).port));
  return {
    port: (server.addr as Deno.NetAddr).port,
    finished: server.finished,
    stop: () => server.shutdown(),
  };
}

/**
 * Starts an HTTPS server on loopback that speaks HTTP/1.1 only.
 *
 * `Deno.serve` always offers HTTP/2 over TLS, and there is no way to close an HTTP/2 connection
 * after an answer. So TLS ends in a listener that does not offer it, and plain text goes on to a
 * server behind it.
 */
export function startHttp11(pair: CertificatePair, handler: PortHandler): TlsBackend {
  /** Ports of the TLS connections by those of the plain ones behind them. */
  const ports = new Map<number, number>();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request, info) => {
      const port = ports.get((info.remoteAddr as Deno.NetAddr).port);
      if (port === undefined) return new Response(null, { status: 421 });
      return handler(request, port);
    },
  );
  const plainPort = (server.addr as Deno.NetAddr).port;
  const listener = Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    cert: pair.cert,
    key: pair.key,
    alpnProtocols: ["http/1.1"],
  });

  async function serve(conn: Deno.TlsConn): Promise<void> {
    const timer = setTimeout(() => closeQuietly(conn), PAGE_LIMIT_MS);
    let plain: Deno.TcpConn | undefined;
    try {
      await conn.handshake();
      plain = await Deno.connect({ hostname: "127.0.0.1", port: plainPort });
      ports.set(plain.localAddr.port, conn.remoteAddr.port);
      await splice(conn, plain);
    } catch {
      // A visitor whose handshake fails: theirs to see, in the alert that the listener sent.
    } finally {
      clearTimeout(timer);
      if (plain !== undefined) ports.delete(plain.localAddr.port);
      closeQuietly(conn);
    }
  }

  const stopping = new AbortController();
  acceptLoop({
    accept: () => listener.accept(),
    onConnection: serve,
    // Short of descriptors: the public listeners tell, and their connections are the cause.
    onError() {},
    signal: stopping.signal,
  });
  return {
    port: listener.addr.port,
    finished: server.finished,
    async stop() {
      stopping.abort();
      listener.close();
      await server.shutdown();
    },
  };
}
