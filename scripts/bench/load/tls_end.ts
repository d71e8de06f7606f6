/**
 * The least that a server of clients' control WebSockets can be on this runtime, by where TLS ends: nobody
 * is asked who they are, and nothing is sent. See {@linkcode LoadProcess}.
 */
import { Duplex as NodeStream } from "node:stream";
import type { Socket } from "node:net";
import { setImmediate } from "node:timers";
import { createSecureContext, TLSSocket } from "node:tls";
import { NodeDuplex } from "../../../examples/client/front/node_duplex.ts";
import { SILENT_LOG } from "../../../lib/log.ts";
import { acceptLoop } from "../../../lib/net/accept_loop.ts";
import { closeQuietly, type Duplex, writeAll } from "../../../lib/net/splice.ts";
import { TextSocket } from "../../../lib/net/text_socket.ts";
import type { CertificatePair } from "../../../lib/net/tls_backend.ts";
import { TlsFront } from "../../../lib/net/tls_front.ts";
import { openWebSocket, type WebSocketRoute } from "../../../lib/net/web_socket_routes.ts";
import { Peeker } from "../../../lib/visitor/peek.ts";
import { MAX_MESSAGE_BYTES, SUBPROTOCOL } from "../../../lib/wire/messages.ts";
import { answerCalls } from "../load_process.ts";

/** What servers here offer by ALPN. */
const PROTOCOLS = ["http/1.1"];

/** How long a handshake may take where the server has to see to it. */
const HANDSHAKE_MS = 10_000;

const ROUTE: WebSocketRoute = {
  path: "/",
  protocol: SUBPROTOCOL,
  accept: () => (conn, rest) => new TextSocket({ conn, rest, maxBytes: MAX_MESSAGE_BYTES }).run(),
};

const { signal } = new AbortController();

/** Serves a WebSocket to its end. */
async function serve(conn: Duplex): Promise<void> {
  try {
    const opening = await openWebSocket(conn, 0, [ROUTE]);
    if (opening.state === "socket") await opening.serve();
  } catch {
    // Theirs to see: a handshake that failed.
  } finally {
    closeQuietly(conn);
  }
}

/** Accepts connections of whatever kind. */
function accept<Conn extends Deno.Conn<Deno.NetAddr>>(
  listener: Deno.Listener<Conn, Deno.NetAddr>,
  onConnection: (conn: Conn) => void,
): number {
  acceptLoop({ accept: () => listener.accept(), onConnection, onError() {}, signal });
  return listener.addr.port;
}

/** The runtime's TLS server; it accepts by itself, so that nobody can read a hello before. */
function listenTls({ cert, key }: CertificatePair, onConnection: (conn: Deno.TlsConn) => void) {
  const options = { hostname: "127.0.0.1", port: 0, cert, key, alpnProtocols: PROTOCOLS };
  return accept(Deno.listenTls(options), onConnection);
}

/** Accepts TCP and reads a hello, which stays to be read. */
function listenForHellos(onHello: (conn: Deno.TcpConn, head: Uint8Array) => void): number {
  return accept(Deno.listen({ hostname: "127.0.0.1", port: 0 }), async (conn) => {
    conn.setNoDelay(true);
    const peeker = new Peeker(conn);
    const { kind } = await peeker.hello();
    peeker.done();
    if (kind === "hello") onHello(conn, peeker.bytes);
    else closeQuietly(conn);
  });
}

/** The runtime's TLS server on a loopback port, and the relay's hop to it. */
async function listenBehindHop(pair: CertificatePair): Promise<number> {
  const front = new TlsFront<undefined>({
    name: "bench",
    lifeMs: HANDSHAKE_MS,
    log: SILENT_LOG,
    start: (pair, find, isOwn) => ({
      port: listenTls(pair, async (conn) => {
        const { port } = conn.remoteAddr;
        if (!await isOwn(port)) return closeQuietly(conn);
        find(port)?.keepSilent();
        await serve(conn);
      }),
      finished: new Promise(() => {}),
      endKept() {},
      stop: () => Promise.resolve(),
    }),
  });
  await front.use(pair);
  return listenForHellos((conn, head) => front.serve(conn, head, undefined));
}

/** A TLS end of node:tls on the connection that was accepted. */
function listenInPlace(pair: CertificatePair): number {
  const secureContext = createSecureContext(pair);
  return listenForHellos((conn, head) => {
    const stream = new ConnectionStream(conn, head);
    stream.on("error", () => {});
    const options = { isServer: true, secureContext, ALPNProtocols: PROTOCOLS };
    // A stream of any kind is what it takes, its types say only sockets.
    const socket = new TLSSocket(stream as unknown as Socket, options);
    const late = setTimeout(() => stream.destroy(), HANDSHAKE_MS);
    // What fails the handshake goes here alone, and ends nothing by itself.
    socket.on("_tlsError", () => stream.destroy());
    socket.once("close", () => {
      clearTimeout(late);
      stream.destroy();
    });
    socket.once("secure", () => {
      clearTimeout(late);
      serve(new NodeDuplex(socket));
    });
  });
}

/** A connection as a stream of Node's, `head` before what comes. */
class ConnectionStream extends NodeStream {
  readonly #conn: Deno.TcpConn;
  readonly #buffer = new Uint8Array(256);
  #head: Uint8Array | undefined;

  constructor(conn: Deno.TcpConn, head: Uint8Array) {
    super();
    this.#conn = conn;
    this.#head = head.slice();
  }

  override _read(): void {
    if (this.#head !== undefined) {
      const head = this.#head;
      this.#head = undefined;
      // Some turns later: a handshake that fails within the first leaves a callback that ends the process.
      setImmediate(() => setImmediate(() => this.push(head)));
      return;
    }
    this.#conn.read(this.#buffer).then(
      (n) => this.destroyed || this.push(n === null ? null : this.#buffer.slice(0, n)),
      (error) => this.destroy(error),
    );
  }

  override _write(chunk: Uint8Array, _: unknown, done: (error?: Error) => void): void {
    writeAll(this.#conn, chunk).then(() => done(), done);
  }

  override _final(done: () => void): void {
    this.#conn.closeWrite().then(done, done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    closeQuietly(this.#conn);
    done(error);
  }
}

/** The ways by their names. */
const WAYS = {
  listener: (pair: CertificatePair) => listenTls(pair, serve),
  listenBehindHop,
  listenInPlace,
};

await answerCalls({
  /** Serves WebSockets in a way. */
  async serve({ way, ...pair }: CertificatePair & { way: keyof typeof WAYS }) {
    return { port: await WAYS[way](pair) };
  },
});
