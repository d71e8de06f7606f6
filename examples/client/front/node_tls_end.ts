import type { AddressInfo, Socket } from "node:net";
import { createServer, Server, type TLSSocket } from "node:tls";
import { NodeDuplex } from "./node_duplex.ts";
import { PROTOCOLS, type TlsEnd, type TlsEndOptions } from "./tls_end.ts";

/** Connections that may wait to be accepted: a page opens many at once. */
const BACKLOG = 511;

/** Whether this runtime has a TLS server of node:tls to rely on: those of Deno 2.8 and newer. */
export function hasNodeTls(): boolean {
  return typeof Server.prototype.setSecureContext === "function";
}

/**
 * Ends TLS by the runtime's own server of node:tls: HTTP/2 and HTTP/1.1, half-close, an alert for
 * whoever fails the handshake.
 *
 * @throws {Error} if the identity is of no use, or there is no port to be had.
 */
export async function openNodeTlsEnd(options: TlsEndOptions): Promise<TlsEnd> {
  const { identity, admit, onSecure, handshakeMs, log } = options;
  const server = createServer({
    key: identity.key,
    cert: identity.chain,
    ALPNProtocols: PROTOCOLS,
    allowHalfOpen: true,
    noDelay: true,
    // Deno keeps all that a handshake took until this is over, also where it failed at once.
    handshakeTimeout: handshakeMs,
  });
  server.on("connection", (socket: Socket) => {
    // Errors of connections that do not get as far as TLS have nobody else to go to.
    socket.on("error", (error) => log.debug("A visitor's connection broke", { error }));
    const end = { close: () => socket.destroy() };
    admit(socket.remotePort!, end).then((may) => may || end.close());
  });
  server.on("tlsClientError", (error: Error, socket: TLSSocket) => {
    log.debug("A visitor's TLS handshake failed", { error });
    socket.destroy();
  });
  server.on("secureConnection", (socket: TLSSocket) => {
    onSecure({
      conn: new NodeDuplex(socket),
      port: socket.remotePort ?? 0,
      serverName: (socket as { servername?: string | false }).servername || undefined,
      isHttp2: socket.alpnProtocol === "h2",
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port: 0, backlog: BACKLOG }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  server.on("error", (error: Error) => log.warn("Visitors may not get in", { error }));
  return {
    port: (server.address() as AddressInfo).port,
    use: ({ key, chain }) => server.setSecureContext({ key, cert: chain }),
    close: () => void server.close(),
  };
}
