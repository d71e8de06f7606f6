import type { CertificatePair, TlsBackend } from "./tls_front.ts";

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
