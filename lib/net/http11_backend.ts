import { splitAuthority } from "../wire/http_request.ts";
import { latin1 } from "../wire/latin1.ts";
import { headText, readUpgrade, type Upgrade, upgradeAnswer } from "../wire/web_socket_opening.ts";
import { acceptLoop } from "./accept_loop.ts";
import { askedHost } from "./asked_host.ts";
import { BufferPool } from "./buffer_pool.ts";
import { Doorkeeper } from "./doorkeeper.ts";
import { sendLastWords } from "./last_words.ts";
import type { Place } from "./places.ts";
import { RequestGate } from "./request_gate.ts";
import { serveSocket } from "./serve_socket.ts";
import { closeQuietly, type Duplex, splice, writeAll } from "./splice.ts";
import type { CertificatePair, TlsBackend } from "./tls_front.ts";

/** Longest head that is looked at for a WebSocket's opening handshake. */
const MAX_OPENING_BYTES = 4 * 1024;

const HEAD_END = "\r\n\r\n";

/** The field that tells the plain server which connection a request came on. */
const CONNECTION_FIELD = "Glossond-Connection";

/** What is known of a request besides itself. */
export interface Asked {
  /** Port that the TLS connection comes from. */
  port: number;
  /**
   * The host that it is for: lower case, without port and trailing dot. Absent in a request of
   * HTTP/1.0 that names none.
   */
  host: string | undefined;
}

/** Answers a request. */
export type Http11Handler = (request: Request, asked: Asked) => Response | Promise<Response>;

/** Options for {@linkcode startHttp11}. */
export interface Http11Options {
  pair: CertificatePair;
  handler: Http11Handler;
  /** A free path for a socket that nobody else can connect to. */
  socketPath: string;
  /** Whether a connection from a loopback port is one to serve; it need not know at once. */
  isOwn: (port: number) => Promise<boolean>;
  /**
   * Whether a connection ends with its first answer: no more of it is read than one head, no body and no
   * second request. Otherwise it lasts as HTTP has it, and may become a WebSocket.
   */
  oneAnswer: boolean;
  /**
   * Takes a place for the plain connection that a TLS one, from a port, needs for its requests;
   * undefined where there is none, which is answered 503. @default always one
   */
  takePlace?: (port: number) => Pick<Place, "leave"> | undefined;
  /** WebSockets that are not the server's affair, where they are a connection's first request. */
  webSockets?: readonly WebSocketRoute[];
}

/** Handles a WebSocket to its end; `rest` is what was read behind the opening handshake. */
export type ServeSocket = (conn: Duplex, rest: Uint8Array) => Promise<void>;

/**
 * A subprotocol whose WebSockets are handled on the TLS connection itself: with limits and a
 * back-pressure that the runtime's lack, and without the plain connection.
 */
export interface WebSocketRoute {
  path: string;
  protocol: string;
  /**
   * Looks at an opening handshake: undefined leaves it to the server, else it is answered, and the
   * function called.
   */
  accept(
    asked: Asked & { host: string },
    upgrade: Upgrade,
  ): Promise<ServeSocket | undefined> | ServeSocket | undefined;
}

/** A plain connection behind a TLS one. */
interface Behind {
  port: number;
  gate: RequestGate;
}

const NO_PLACE = { leave() {} };

const NO_BYTES = new Uint8Array(0);

/** What is answered for want of a place. */
const BUSY = new TextEncoder().encode(
  [
    "HTTP/1.1 503 Service Unavailable",
    "Retry-After: 5",
    "Content-Length: 0",
    "Connection: close",
    "\r\n",
  ].join("\r\n"),
);

/** Buffers of directions that wait for data: with room for most messages of a client. */
const waitBuffers = new BufferPool(256);

/**
 * Starts an HTTPS server on loopback that speaks HTTP/1.1 (and 1.0) only.
 *
 * `Deno.serve` always offers HTTP/2 over TLS, and a browser uses such a connection for every name
 * that its certificate covers. It also keeps a connection open whatever the answer's `Connection`
 * field says. So TLS ends in a listener that does not offer HTTP/2, and plain text goes on to a server
 * behind it, through a {@linkcode RequestGate}. How long a connection may last is the caller's to
 * bound.
 *
 * Any user of the machine can connect to a loopback port. So the listener serves none but the caller's
 * connections, see {@linkcode Doorkeeper}, and the server behind it has a socket that nobody else
 * reaches. That one is told which connection a request came on by a field of each, with a word that
 * nobody can guess; what is taken for no request has none, and is misdirected (421).
 *
 * A request that does not say whom it is for is answered 400 (RFC 9112 section 3.2).
 */
export function startHttp11(options: Http11Options): TlsBackend {
  const { pair, handler, oneAnswer, socketPath, isOwn } = options;
  const { takePlace = () => NO_PLACE, webSockets = [] } = options;
  const starts = webSockets.map(({ path }) => `GET ${path} `);
  /** By the word that the plain server is told. */
  const connections = new Map<string, Behind>();
  const server = serveSocket(socketPath, (request, info) => {
    const behind = connections.get(connectionOf(request));
    if (behind === undefined) return new Response(null, { status: 421 });
    const { gate } = behind;
    const last = (): void => {
      const answered = (): void => void gate.answered();
      info.completed.then(answered, answered);
    };
    if (oneAnswer) {
      last();
      return answer(request, behind);
    }
    info.completed.then(() => gate.next(), () => gate.next());
    return closing(answer(request, behind), last);
  });

  function answer(request: Request, { gate, port }: Behind): Response | Promise<Response> {
    const asked = askedHost(request);
    if (asked.state === "bad") return badHost("the Host field, or the address, is not one");
    if (asked.state === "none" && !gate.isHttp10) return badHost("a Host field is missing");
    return handler(request, { port, host: asked.state === "host" ? asked.host : undefined });
  }

  let listener: Deno.TlsListener;
  try {
    listener = Deno.listenTls({
      hostname: "127.0.0.1",
      port: 0,
      cert: pair.cert,
      key: pair.key,
      alpnProtocols: ["http/1.1"],
    });
  } catch (error) {
    // Short of descriptors: leave none behind, since this is tried again and again.
    server.shutdown().catch(() => {});
    throw error;
  }

  const door = new Doorkeeper(listener, isOwn);

  async function serve(conn: Deno.TlsConn): Promise<void> {
    const word = crypto.getRandomValues(new Uint8Array(16)).toHex();
    let place: Pick<Place, "leave"> | undefined;
    try {
      if (!await door.admit(conn)) return;
      await conn.handshake();
      let opening = starts.length > 0 ? await readOpening(conn, starts) : NO_BYTES;
      const socket = await takeOver(conn, opening);
      if (socket !== undefined) {
        // It may last for days: nothing is kept but what it needs.
        opening = NO_BYTES;
        return await socket();
      }
      place = takePlace(conn.remoteAddr.port);
      if (place === undefined) return await sendLastWords(conn, BUSY);
      const plain = await Deno.connect({ transport: "unix", path: socketPath });
      const gate = new RequestGate(plain, `${CONNECTION_FIELD}: ${word}`, oneAnswer);
      connections.set(word, { port: conn.remoteAddr.port, gate });
      await splice(gate, conn, { backwardHead: opening, waitBuffers, largestStep: 0 });
    } catch {
      // A visitor whose handshake fails: theirs to see, in the alert that the listener sent.
    } finally {
      connections.delete(word);
      place?.leave();
      closeQuietly(conn);
    }
  }

  /**
   * Answers the opening handshake of a route's WebSocket, and gives what handles it to its end;
   * undefined when the connection begins otherwise.
   */
  async function takeOver(
    conn: Deno.TlsConn,
    opening: Uint8Array,
  ): Promise<(() => Promise<void>) | undefined> {
    const head = headText(opening);
    if (head === undefined) return undefined;
    for (const { path, protocol, accept } of webSockets) {
      const upgrade = readUpgrade(head, path, protocol);
      const host = upgrade && splitAuthority(upgrade.host)?.host;
      if (upgrade === undefined || host === undefined) continue;
      const serve = await accept({ port: conn.remoteAddr.port, host }, upgrade);
      if (serve === undefined) return undefined;
      await writeAll(conn, upgradeAnswer(upgrade, protocol));
      return serve.bind(undefined, conn, opening.slice(head.length + HEAD_END.length));
    }
    return undefined;
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
    async stop() {
      stopping.abort();
      door.stop();
      listener.close();
      await server.shutdown();
    },
  };
}

/** Calls `last` where an answer says that it ends its connection (RFC 9112 section 9.6). */
async function closing(
  answer: Response | Promise<Response>,
  last: () => void,
): Promise<Response> {
  const response = await answer;
  if (response.headers.get("Connection") === "close") last();
  return response;
}

/**
 * Reads what a connection begins with: its whole first head where that begins like one of these, else
 * no more than shows that it does not.
 */
async function readOpening(conn: Duplex, starts: readonly string[]): Promise<Uint8Array> {
  const bytes = new Uint8Array(MAX_OPENING_BYTES);
  let length = 0;
  while (length < bytes.length) {
    const n = await conn.read(bytes.subarray(length));
    if (n === null) break;
    length += n;
    const begun = latin1(bytes, 0, length);
    const begins = starts.some((start) => start.startsWith(begun.slice(0, start.length)));
    if (!begins || headText(bytes.subarray(0, length)) !== undefined) break;
  }
  return bytes.slice(0, length);
}

function badHost(why: string): Response {
  return new Response(`Cannot tell whom this request is for: ${why}.\n`, {
    status: 400,
    headers: { "Connection": "close" },
  });
}

/** The word of a request's connection: ours is the first, whatever a peer sends behind it. */
function connectionOf(request: Request): string {
  return request.headers.get(CONNECTION_FIELD)?.slice(0, 32) ?? "";
}
