import { askedHost } from "./asked_host.ts";
import { BufferPool } from "./buffer_pool.ts";
import { ownResponse } from "./own_answer.ts";
import { RequestGate } from "./request_gate.ts";
import { serveSocket } from "./serve_socket.ts";
import { type Duplex, splice } from "./splice.ts";

/** The field that tells the plain server which connection a request came on. */
const CONNECTION_FIELD = "Glossond-Connection";

/** Buffers of directions that wait for data: with room for most messages of a client. */
const waitBuffers = new BufferPool(256);

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
   * second request. Otherwise it lasts as HTTP has it, and may become a WebSocket.
   */
  oneAnswer: boolean;
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
   * Passes a connection's requests to it, `head` first, until either ends; both are closed.
   *
   * @param port where the TLS connection comes from.
   * @throws {Error} when the server cannot be reached.
   */
  async pass(conn: Duplex, port: number, head: Uint8Array): Promise<void> {
    const { socketPath, oneAnswer } = this.#options;
    const plain = await Deno.connect({ transport: "unix", path: socketPath });
    const word = crypto.getRandomValues(new Uint8Array(16)).toHex();
    const gate = new RequestGate(plain, `${CONNECTION_FIELD}: ${word}`, oneAnswer);
    this.#connections.set(word, { port, gate });
    try {
      await splice(gate, endingAnyhow(conn), { backwardHead: head, waitBuffers, largestStep: 0 });
    } finally {
      this.#connections.delete(word);
    }
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
      completed.then(answered, answered);
    };
    if (this.#options.oneAnswer) {
      last();
      return this.#answer(request, behind);
    }
    completed.then(() => gate.next(), () => gate.next());
    return closing(this.#answer(request, behind), last);
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
 * A connection whose end counts, whether the peer says it in TLS or ends TCP alone: requests have their
 * own length, and a client that ends so is answered all the same (RFC 9112 section 9.8).
 */
function endingAnyhow(conn: Duplex): Duplex {
  return {
    async read(p) {
      try {
        return await conn.read(p);
      } catch (error) {
        if (error instanceof Deno.errors.UnexpectedEof) return null;
        throw error;
      }
    },
    write: (p) => conn.write(p),
    closeWrite: () => conn.closeWrite(),
    close: () => conn.close(),
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

function badHost(why: string): Response {
  return ownResponse({
    code: "bad-request",
    detail: `Cannot tell whom this request is for: ${why}.`,
  });
}

/** The word of a request's connection: ours is the first, whatever a peer sends behind it. */
function connectionOf(request: Request): string {
  return request.headers.get(CONNECTION_FIELD)?.slice(0, 32) ?? "";
}
