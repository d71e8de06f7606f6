import { askedHost } from "./asked_host.ts";
import { BufferPool } from "./buffer_pool.ts";
import { ownResponse } from "./own_answer.ts";
import { RequestGate } from "./request_gate.ts";
import { serveSocket } from "./serve_socket.ts";
import { type Duplex, splice } from "./splice.ts";

/** The field that tells the plain server which connection a request came on. */
const CONNECTION_FIELD = "Glossond-Connection";

/**
 * Buffers of directions that wait for data: with room for most answers. What is sent behind the first piece of one
 * waits for that one's acknowledgement, 40 ms (Nagle's algorithm, see `withPing`).
 */
const waitBuffers = new BufferPool(2 * 1024);

/** What a request is answered that came on no connection of ours. */
const MISDIRECTED = {
  code: "misdirected",
  detail: "Nothing can be asked behind the beginning of a WebSocket.",
} as const;

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

/** Options for {@linkcode PlainServer}. */
export interface PlainServerOptions {
  handler: Http11Handler;
  /** A free path for a socket that nobody else can connect to. */
  socketPath: string;
  /**
   * Whether a connection ends with its first answer: no more of it is read than one head, no body and no
   * second request. Otherwise it lasts as HTTP has it.
   */
  oneAnswer: boolean;
  /** Paths whose requests are left to the caller of {@linkcode PlainServer.pass}. @default none */
  leave?: readonly string[];
}

/** A plain connection behind a TLS one. */
interface Behind {
  port: number;
  gate: RequestGate;
}

/**
 * The HTTP server behind a TLS listener: plain text is passed to it through a {@linkcode RequestGate}.
 *
 * It is told which connection a request came on by a field of each, with a word that nobody can guess;
 * what is taken for no request has none, and is misdirected (421). A request that does not say whom it
 * is for is answered 400 (RFC 9112 section 3.2).
 */
export class PlainServer {
  readonly #options: PlainServerOptions;
  readonly #server: Deno.HttpServer<Deno.UnixAddr>;
  /** By the word that the server is told. */
  readonly #connections = new Map<string, Behind>();
  /** Connections end with their next answer. */
  #ending = false;

  /** Starts it; throws as {@linkcode serveSocket}. */
  constructor(options: PlainServerOptions) {
    this.#options = options;
    this.#server = serveSocket(options.socketPath, (request, info) => this.#serve(request, info));
  }

  /** Settles when it stops, by itself or by {@linkcode PlainServer.stop}. */
  get finished(): Promise<void> {
    return this.#server.finished;
  }

  /**
   * Passes a connection's requests to it, `head` first, until either ends; both are closed. Or until a
   * request comes, behind the first, that is to be left: then the connection stays open, and this resolves
   * to what was read of it from there.
   *
   * @param port where the TLS connection comes from.
   * @throws {Error} when the server cannot be reached.
   */
  async pass(conn: Duplex, port: number, head: Uint8Array): Promise<Uint8Array | undefined> {
    const { socketPath, oneAnswer, leave = [] } = this.#options;
    const plain = await Deno.connect({ transport: "unix", path: socketPath });
    const word = crypto.getRandomValues(new Uint8Array(16)).toHex();
    const field = `${CONNECTION_FIELD}: ${word}`;
    const gate = new RequestGate(plain, { field, headOnly: oneAnswer, leave });
    this.#connections.set(word, { port, gate });
    try {
      await splice(gate, lent(conn, gate), { backwardHead: head, waitBuffers, largestStep: 0 });
      return gate.left;
    } finally {
      this.#connections.delete(word);
    }
  }

  /** Ends each connection once what was asked on it is answered; those where nothing is, at once. */
  endKept(): void {
    this.#ending = true;
    for (const { gate } of this.#connections.values()) if (gate.isIdle) gate.answered();
  }

  /** Stops it once the requests under way are answered. */
  async stop(): Promise<void> {
    await this.#server.shutdown();
  }

  #serve(
    request: Request,
    { completed }: Deno.ServeHandlerInfo<Deno.UnixAddr>,
  ): Response | Promise<Response> {
    const behind = this.#connections.get(connectionOf(request));
    if (behind === undefined) return ownResponse(MISDIRECTED);
    const { gate } = behind;
    const last = (): void => {
      const answered = (): void => void gate.answered();
      // Some runtimes call an answer completed that is not sent yet, and drop it at an end.
      completed.then(() => gate.heard).then(answered, answered);
    };
    if (this.#options.oneAnswer) {
      last();
      return this.#onlyAnswer(request, behind);
    }
    const next = (): void => {
      gate.next();
      if (this.#ending && gate.isIdle) gate.answered();
    };
    completed.then(() => gate.heard).then(next, next);
    return this.#closing(this.#answer(request, behind), last);
  }

  /** The answer that ends its connection, which says so once: the runtime may say it by itself. */
  async #onlyAnswer(request: Request, behind: Behind): Promise<Response> {
    const response = await this.#answer(request, behind);
    if (!behind.gate.isHttp10 && isSaidToEnd(request)) response.headers.delete("Connection");
    return response;
  }

  /** Calls `last` where an answer says that it ends its connection (RFC 9112 section 9.6). */
  async #closing(answer: Response | Promise<Response>, last: () => void): Promise<Response> {
    const response = await answer;
    if (this.#ending) response.headers.set("Connection", "close");
    if (response.headers.get("Connection") === "close") last();
    return response;
  }

  #answer(request: Request, { gate, port }: Behind): Response | Promise<Response> {
    const asked = askedHost(request);
    if (asked.state === "bad") return badHost("the Host field, or the address, is not one");
    if (asked.state === "none" && !gate.isHttp10) return badHost("a Host field is missing");
    const host = asked.state === "host" ? asked.host : undefined;
    return this.#options.handler(request, { port, host });
  }
}

/**
 * A connection as long as it is the server's: it seems to have ended once the gate has left the rest of it.
 *
 * Its end counts, whether the peer says it in TLS or ends TCP alone: requests have their own length, and a
 * client that ends so is answered all the same (RFC 9112 section 9.8).
 */
function lent(conn: Duplex, gate: RequestGate): Duplex {
  return {
    async read(p) {
      if (gate.left !== undefined) return null;
      try {
        return await conn.read(p);
      } catch (error) {
        if (error instanceof Deno.errors.UnexpectedEof) return null;
        throw error;
      }
    },
    write: (p) => conn.write(p),
    closeWrite: () => gate.left === undefined ? conn.closeWrite() : Promise.resolve(),
    close() {
      if (gate.left === undefined) conn.close();
    },
  };
}

function badHost(why: string): Response {
  return ownResponse({
    code: "bad-request",
    detail: `Cannot tell whom this request is for: ${why}.`,
  });
}

/**
 * Whether the runtime says by itself that the answer ends its connection: where a request of HTTP/1.1 asks
 * for that, or where not all of it was read.
 */
function isSaidToEnd({ headers }: Request): boolean {
  const asked = headers.get("Connection") ?? "";
  // Where both are asked for, the later field counts for the runtime.
  if (/(?<![\w-])close(?![\w-])/i.test(asked) && !/keep-alive/i.test(asked)) return true;
  return headers.has("Transfer-Encoding") || /[1-9]/.test(headers.get("Content-Length") ?? "");
}

/** The word of a request's connection: ours is the first, whatever a peer sends behind it. */
function connectionOf(request: Request): string {
  return request.headers.get(CONNECTION_FIELD)?.slice(0, 32) ?? "";
}
