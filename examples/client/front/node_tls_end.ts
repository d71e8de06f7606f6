import type { AddressInfo, Socket } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import { NodeDuplex } from "./node_duplex.ts";
import type { TlsEnd, TlsEndOptions } from "./tls_end.ts";

/** What visitors may speak within TLS, by preference (RFC 7301). */
const PROTOCOLS = ["h2", "http/1.1"];

/** Connections that may wait to be accepted: a page opens many at once. */
const BACKLOG = 511;

/**
 * Ends TLS by the runtime's own server of node:tls: HTTP/2 and HTTP/1.1, half-close, an alert for
 * whoever fails the handshake.
 *
 * @throws {Error} if the identity is of no use, or there is no port to be had.
 */
export async function openNodeTlsEnd(options: TlsEndOptions): Promise<TlsEnd> {
  const { identity, admit, onSecure, log } = options;
  const server = createServer({
    key: identity.key,
    cert: identity.chain,
    ALPNProtocols: PROTOCOLS,
    allowHalfOpen: true,
    noDelay: true,
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
    const port = socket.remotePort ?? 0;
    if (socket.alpnProtocol === "h2") onSecure({ port, protocol: "h2", socket });
    else onSecure({ port, protocol: "http/1.1", conn: new NodeDuplex(socket) });
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
