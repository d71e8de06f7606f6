import { acceptLoop } from "./accept_loop.ts";
import { Doorkeeper } from "./doorkeeper.ts";
import { sendLastWords } from "./last_words.ts";
import { ownAnswer } from "./own_answer.ts";
import type { Place } from "./places.ts";
import { PlainServer, type PlainServerOptions } from "./plain_server.ts";
import { closeQuietly } from "./splice.ts";
import type { CertificatePair, TlsBackend } from "./tls_backend.ts";
import { openWebSocket, type WebSocketRoute } from "./web_socket_routes.ts";

/** Options for {@linkcode startHttp11}. */
export interface Http11Options extends PlainServerOptions {
  pair: CertificatePair;
  /** What is offered by ALPN: versions of HTTP/1. @default ["http/1.1"] */
  alpnProtocols?: string[];
  /** Whether a connection from a loopback port is one to serve; it need not know at once. */
  isOwn: (port: number) => Promise<boolean>;
  /**
   * Takes a place for the plain connection that a TLS one, from a port, needs for its requests;
   * undefined where there is none, which is answered 503. @default always one
   */
  takePlace?: (port: number) => Pick<Place, "leave"> | undefined;
  /** WebSockets, which are not the server's affair. */
  webSockets?: readonly WebSocketRoute[];
}

const NO_PLACE = { leave() {} };

const NO_BYTES = new Uint8Array(0);

/** What is answered for want of a place. */
const BUSY = ownAnswer({
  code: "busy",
  detail: "As many connections ask the relay as it takes; come back later.",
  retryAfterS: 5,
});

/**
 * Starts an HTTPS server on loopback that speaks HTTP/1.1 (and 1.0) only.
 *
 * `Deno.serve` always offers HTTP/2 over TLS, and a browser uses such a connection for every name
 * that its certificate covers. It also keeps a connection open whatever the answer's `Connection`
 * field says. So TLS ends in a listener that does not offer HTTP/2, and plain text goes on to a
 * {@linkcode PlainServer} behind it. How long a connection may last is the caller's to bound.
 *
 * Any user of the machine can connect to a loopback port. So the listener serves none but the caller's
 * connections, see {@linkcode Doorkeeper}, and the server behind it has a socket that nobody else
 * reaches.
 */
export function startHttp11({
  pair,
  alpnProtocols = ["http/1.1"],
  isOwn,
  takePlace = () => NO_PLACE,
  webSockets = [],
  ...options
}: Http11Options): TlsBackend {
  const server = new PlainServer({ ...options, leave: webSockets.map(({ path }) => path) });
  let listener: Deno.TlsListener;
  try {
    listener = Deno.listenTls({
      hostname: "127.0.0.1",
      port: 0,
      cert: pair.cert,
      key: pair.key,
      alpnProtocols,
    });
  } catch (error) {
    // Short of descriptors: leave none behind, since this is tried again and again.
    server.stop().catch(() => {});
    throw error;
  }

  const door = new Doorkeeper(listener, isOwn);

  async function serve(conn: Deno.TlsConn): Promise<void> {
    const { port } = conn.remoteAddr;
    let place: Pick<Place, "leave"> | undefined;
    try {
      if (!await door.admit(conn)) return;
      await conn.handshake();
      for (let left: Uint8Array | undefined = NO_BYTES; left !== undefined;) {
        const opening = await openWebSocket(conn, port, webSockets, left);
        if (opening.state === "socket") {
          place?.leave();
          return await opening.serve();
        }
        place ??= takePlace(port);
        if (place === undefined) return await sendLastWords(conn, BUSY);
        left = await server.pass(conn, port, opening.bytes);
      }
    } catch {
      // A visitor whose handshake fails: theirs to see, in the alert that the listener sent.
    } finally {
      place?.leave();
      closeQuietly(conn);
    }
  }

  const stopping = new AbortController();
  acceptLoop({
    accept: () => door.accept(),
    onConnection: serve,
    // Short of descriptors: the public listeners tell, and their connections are the cause.
    onError() {},
    signal: stopping.signal,
  });
  return {
    port: listener.addr.port,
    finished: Promise.race([server.finished, door.crowded]),
    endKept: () => server.endKept(),
    async stop() {
      stopping.abort();
      door.stop();
      listener.close();
      await server.stop();
    },
  };
}
