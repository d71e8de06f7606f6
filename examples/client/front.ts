import type { Log } from "../../lib/log.ts";
import { closeQuietly, type Duplex, splice } from "../../lib/net/splice.ts";
import type { SavedIdentity } from "./state.ts";
import { sleep } from "./wait.ts";

/** Pause before a server that stopped by itself is started again, milliseconds. */
const RESTART_PAUSE_MS = 200;

/** How long a visitor may take to close after the server did, milliseconds. */
const LINGER_MS = 1_000;

/** A visitor's connection. */
export interface Visitor {
  /** As the relay's PROXY header tells it; undefined when it is not known. */
  address: string | undefined;
  /** Aborted when the connection has ended. */
  gone: AbortSignal;
}

/** Answers a visitor's request. */
export type Site = (request: Request, visitor: Visitor) => Response | Promise<Response>;

/** One server with the certificate that it began with, and how many connections it has. */
interface Generation {
  server: Deno.HttpServer<Deno.NetAddr>;
  connections: number;
}

/** Options for {@linkcode Front}. */
export interface FrontOptions {
  site: Site;
  log: Log;
}

/**
 * Where visitors' TLS ends: an HTTPS server (HTTP/2 and HTTP/1.1) on a loopback port of its own,
 * to which data connections are spliced.
 *
 * A Deno server keeps one certificate for life, so a new certificate gets a new server; the old one
 * goes when its last connection has. The server sees connections from this process only; who the
 * visitor is stands in a table under the port that the connection comes from, and a connection that
 * is not in it (another program of this computer) is turned away.
 */
export class Front {
  readonly #options: FrontOptions;
  readonly #visitors = new Map<number, Visitor>();
  readonly #generations = new Set<Generation>();
  readonly #stopping = new AbortController();
  readonly #serving = new Set<Promise<unknown>>();
  #current: Generation | undefined;
  #stopped = false;

  constructor(options: FrontOptions) {
    this.#options = options;
  }

  /** Connections being served. */
  get connections(): number {
    return this.#visitors.size;
  }

  /** Serves new connections with this key and certificate; open ones keep theirs. */
  use(identity: SavedIdentity): void {
    if (this.#stopped) return;
    const { site, log } = this.#options;
    const server = Deno.serve({
      hostname: "127.0.0.1",
      port: 0,
      cert: identity.chain,
      key: identity.key,
      onListen() {},
      onError(error) {
        log.error("Cannot answer a visitor", { error });
        return new Response("Something went wrong here.\n", { status: 500 });
      },
    }, (request, info) => {
      const visitor = this.#visitors.get(info.remoteAddr.port);
      if (visitor === undefined) return new Response("Not a visitor.\n", { status: 403 });
      return site(request, visitor);
    });
    const previous = this.#current;
    const generation: Generation = { server, connections: 0 };
    this.#generations.add(generation);
    this.#current = generation;
    server.finished.catch(() => {}).then(() => this.#restart(generation, identity));
    if (previous?.connections === 0) this.#retire(previous);
  }

  /**
   * Serves one data connection, `head` first, until it ends; closes `conn`. Never rejects.
   *
   * @param address the visitor's, when it is known.
   */
  async serve(conn: Duplex, head: Uint8Array, address: string | undefined): Promise<void> {
    const generation = this.#current;
    if (generation === undefined) return closeQuietly(conn);
    generation.connections++;
    const served = this.#splice(generation.server.addr.port, conn, head, address);
    this.#serving.add(served);
    try {
      await served;
    } catch (error) {
      this.#options.log.debug("Cannot reach the TLS server of this program", { error });
    } finally {
      closeQuietly(conn);
      this.#serving.delete(served);
      generation.connections--;
      if (generation !== this.#current && generation.connections === 0) this.#retire(generation);
    }
  }

  /**
   * Lets open requests finish for `graceMs`, then ends every connection.
   *
   * Idle connections are closed at once: a browser keeps them for minutes.
   */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true;
    this.#current = undefined;
    for (const generation of this.#generations) this.#retire(generation);
    const timer = setTimeout(() => this.#stopping.abort(new Error("stopped")), graceMs);
    await Promise.allSettled(this.#serving);
    clearTimeout(timer);
  }

  async #splice(
    port: number,
    conn: Duplex,
    head: Uint8Array,
    address: string | undefined,
  ): Promise<void> {
    const inner = await Deno.connect({ hostname: "127.0.0.1", port });
    const from = inner.localAddr.port;
    const gone = new AbortController();
    const visitor = { address, gone: gone.signal };
    // Before the first byte: with it the request may be there already.
    this.#visitors.set(from, visitor);
    const { server, lingered, settle } = lingering(inner);
    try {
      inner.setNoDelay(true);
      const signal = AbortSignal.any([this.#stopping.signal, lingered]);
      await splice(server, conn, { backwardHead: head, signal });
    } finally {
      settle();
      gone.abort();
      if (this.#visitors.get(from) === visitor) this.#visitors.delete(from);
    }
  }

  #retire(generation: Generation): void {
    if (!this.#generations.delete(generation)) return;
    generation.server.shutdown().catch(() => {});
  }

  /** A Deno server that once ran out of file descriptors accepts no more: start another. */
  async #restart(generation: Generation, identity: SavedIdentity): Promise<void> {
    if (generation !== this.#current) return;
    this.#options.log.warn("The TLS server of this program stopped, starting another");
    await sleep(RESTART_PAUSE_MS, this.#stopping.signal);
    if (generation === this.#current) this.use(identity);
  }
}

/**
 * Bounds how long a connection lasts after the server ended it: it reads nothing any more then, but
 * a visitor that does not close would hold the other half for good.
 */
function lingering(
  inner: Deno.TcpConn,
): { server: Duplex; lingered: AbortSignal; settle(): void } {
  const lingered = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  return {
    server: {
      async read(p) {
        const n = await inner.read(p);
        if (n === null) timer = setTimeout(() => lingered.abort(new Error("lingered")), LINGER_MS);
        return n;
      },
      write: (p) => inner.write(p),
      closeWrite: () => inner.closeWrite(),
      close: () => inner.close(),
    },
    lingered: lingered.signal,
    settle: () => clearTimeout(timer),
  };
}
