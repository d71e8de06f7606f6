import { alertRecord } from "../wire/alert.ts";
import { closeQuietly, type Duplex, splice, writeAll } from "./splice.ts";
import { pause } from "./accept_loop.ts";
import { sendLastWords } from "./last_words.ts";
import { Seldom } from "./seldom.ts";
import type { Log } from "../log.ts";

/** First and longest pause before a backend that stopped by itself is started again. */
const RESTART_MS = { first: 50, longest: 5_000 } as const;

/** Least time between two log lines of a backend that cannot be had or reached. */
const WARN_EVERY_MS = 10_000;

/** Silence after which a connection is closed; a control WebSocket answers pings well within it. */
const IDLE_LIMIT_MS = 60_000;

/** How often silence is looked for. */
const IDLE_CHECK_MS = 5_000;

/** A certificate chain and its private key, both PEM. */
export interface CertificatePair {
  cert: string;
  key: string;
}

/** A TLS server on a loopback port of its own, serving one certificate for its whole life. */
export interface TlsBackend {
  port: number;
  /** Settles when the server stops, by itself or by `stop`. */
  finished: Promise<void>;
  /** Closes the server and its connections. */
  stop(): Promise<void>;
}

/** A connection that a {@linkcode TlsFront} passes to its backend. */
export interface FrontedConnection<Info> {
  /** What the caller said of it. */
  readonly info: Info;
  /** When the peer was last heard, milliseconds of `performance.now()`. */
  lastHeardAt: number;
  /** Ends the connection at once. */
  close(): void;
}

/** Options for {@linkcode TlsFront}. */
export interface TlsFrontOptions {
  /** For log lines. */
  name: string;
  /** Starts a backend for a certificate. */
  start: (pair: CertificatePair) => Promise<TlsBackend> | TlsBackend;
  log: Log;
}

/** A backend and how many connections it has. */
interface Generation {
  backend: TlsBackend;
  connections: number;
}

/**
 * Serves connections that were already accepted, and partly read, through a TLS server of Deno's.
 *
 * Deno's servers accept and decrypt in one step: they leave no room for reading a PROXY header or
 * the SNI first, tell a handler neither, and keep one certificate for life. So each certificate gets
 * a server on a loopback port, and a connection is spliced to the newest one. A new certificate is
 * a new server beside the old, which closes after its last connection: nothing is dropped, and no
 * public listener is ever closed and opened.
 *
 * Handlers find what is known of a connection by the port that the splice comes from.
 */
export class TlsFront<Info> {
  readonly #options: TlsFrontOptions;
  readonly #stops: Seldom;
  readonly #failures: Seldom;
  readonly #idleCheck: ReturnType<typeof setInterval>;
  readonly #connections = new Map<number, FrontedConnection<Info>>();
  readonly #generations = new Set<Generation>();
  #current: Generation | undefined;
  #pair: CertificatePair | undefined;
  #stopping = new AbortController();

  constructor(options: TlsFrontOptions) {
    const { name: server, log } = options;
    this.#options = options;
    this.#stops = new Seldom(
      WARN_EVERY_MS,
      (fields) => log.error("inner TLS server stopped, starting another", { server, ...fields }),
    );
    this.#failures = new Seldom(
      WARN_EVERY_MS,
      (fields) => log.warn("cannot reach the inner TLS server", { server, ...fields }),
    );
    this.#idleCheck = setInterval(() => this.#closeIdle(), IDLE_CHECK_MS);
  }

  /** Connections being served. */
  get active(): number {
    return this.#connections.size;
  }

  /** Serves new connections with this certificate from now on. */
  async use(pair: CertificatePair): Promise<void> {
    const backend = await this.#options.start(pair);
    if (this.#stopping.signal.aborted) return await backend.stop();
    const previous = this.#current;
    const generation: Generation = { backend, connections: 0 };
    this.#generations.add(generation);
    this.#current = generation;
    this.#pair = pair;
    this.#supervise(generation);
    if (previous?.connections === 0) await this.#retire(previous);
  }

  /** The connection whose splice comes from this loopback port. */
  connection(port: number): FrontedConnection<Info> | undefined {
    return this.#connections.get(port);
  }

  /**
   * Passes `head` and all that follows to the backend; closes `conn`. Never rejects. Where the
   * backend cannot be reached the peer gets the alert `internal_error`.
   */
  async serve(conn: Duplex, head: Uint8Array, info: Info): Promise<void> {
    const generation = this.#current;
    if (generation === undefined) return closeQuietly(conn);
    generation.connections++;
    const ending = new AbortController();
    let port: number | undefined;
    let backend: Deno.TcpConn | undefined;
    try {
      backend = await Deno.connect({ hostname: "127.0.0.1", port: generation.backend.port });
      port = backend.localAddr.port;
      const entry: FrontedConnection<Info> = {
        info,
        lastHeardAt: performance.now(),
        close: () => ending.abort(new Error("closed by the relay")),
      };
      // Before the first byte: the handler may run as soon as it has one.
      this.#connections.set(port, entry);
      if (head.length > 0) await writeAll(backend, head);
      await splice(conn, backend, {
        signal: ending.signal,
        onBytes(direction) {
          if (direction === "forward") entry.lastHeardAt = performance.now();
        },
      });
    } catch (error) {
      this.#failures.say({ error });
      await sendLastWords(conn, alertRecord("internalError"));
    } finally {
      closeQuietly(conn);
      if (backend !== undefined) closeQuietly(backend);
      if (port !== undefined) this.#connections.delete(port);
      generation.connections--;
      if (generation !== this.#current && generation.connections === 0) {
        await this.#retire(generation);
      }
    }
  }

  /** Ends every connection and server. */
  async stop(): Promise<void> {
    clearInterval(this.#idleCheck);
    this.#stopping.abort();
    this.#current = undefined;
    for (const connection of this.#connections.values()) connection.close();
    await Promise.all([...this.#generations].map((generation) => this.#retire(generation)));
  }

  #closeIdle(): void {
    const limit = performance.now() - IDLE_LIMIT_MS;
    for (const connection of this.#connections.values()) {
      if (connection.lastHeardAt < limit) connection.close();
    }
  }

  async #retire(generation: Generation): Promise<void> {
    if (this.#generations.delete(generation)) await generation.backend.stop();
  }

  /** `Deno.serve` gives up for good when descriptors run out once: start another. */
  async #supervise(generation: Generation): Promise<void> {
    const error = await generation.backend.finished.then(() => undefined, (e) => e);
    for (let wait: number = RESTART_MS.first; this.#current === generation;) {
      this.#stops.say({ error });
      await pause(wait, this.#stopping.signal);
      if (this.#current !== generation) return;
      wait = Math.min(wait * 2, RESTART_MS.longest);
      await this.use(this.#pair!).catch(() => {});
    }
  }
}
