import { alertRecord } from "../wire/alert.ts";
import { closeQuietly, type Duplex, splice, writeAll } from "./splice.ts";
import { KnownPorts } from "./known_ports.ts";
import { sleep } from "./pause.ts";
import { BufferPool } from "./buffer_pool.ts";
import { scheduleTimeout } from "./schedule.ts";
import { sendLastWords } from "./last_words.ts";
import { LogThrottle } from "./log_throttle.ts";
import type { Log } from "../log.ts";

/** First and longest pause before a backend that stopped by itself is started again. */
const RESTART_MS = { first: 50, longest: 5_000 } as const;

/** Least time between two log lines of a backend that cannot be had or reached. */
const WARN_EVERY_MS = 10_000;

/** Silence after which a connection is closed; a control WebSocket answers pings well within it. */
const IDLE_LIMIT_MS = 60_000;

/** How often silence is looked for. */
const IDLE_CHECK_MS = 5_000;

/** How long a server may take to stop; a peer that says nothing could hold it up for ever. */
const STOP_LIMIT_MS = 2_000;

/**
 * The smallest buffers are enough for requests and pages: the large ones are for visitors of users,
 * and whoever asks the API may not borrow all that there are of those.
 */
const LARGEST_STEP = 0;

/** Buffers of directions that wait for data: with room for most messages of a client. */
const waitBuffers = new BufferPool(256);

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
  /**
   * Bytes that the peer may still send before the connection is ended; whoever sets it raises it
   * again as the bytes are made use of. @default {Infinity}
   */
  allowance: number;
  /** Lets the connection go on past the front's `lifeMs`. */
  keep(): void;
  /** Lets the peer be silent for as long as it likes, besides. */
  keepSilent(): void;
  /** Ends the connection at once. */
  close(): void;
}

/** Finds what is known of a connection by the loopback port that it comes from. */
export type FindConnection<Info> = (port: number) => FrontedConnection<Info> | undefined;

/** Options for {@linkcode TlsFront}. */
export interface TlsFrontOptions<Info> {
  /** For log lines. */
  name: string;
  /**
   * Starts a backend for a certificate. `find` tells its handler what a connection is; `isOwn` tells
   * the front's connections from those of others, for whom the backend has nothing.
   */
  start: (
    pair: CertificatePair,
    find: FindConnection<Info>,
    isOwn: (port: number) => Promise<boolean>,
  ) => Promise<TlsBackend> | TlsBackend;
  /**
   * How long a connection may last from its first byte to its last, milliseconds, unless it is
   * kept: so that a peer who dribbles holds nothing for ever.
   */
  lifeMs: number;
  log: Log;
}

/**
 * A backend and its connections by the loopback port that they come from. A port says which one
 * only together with the backend: the kernel gives the same one to connections to different places.
 */
interface Generation<Info> {
  backend: TlsBackend;
  connections: Map<number, Fronted<Info>>;
  ports: KnownPorts;
  /** Connections passed to it, also those that are not in the map yet. */
  active: number;
}

/** A connection, and the one to the backend that it is spliced to. */
class Fronted<Info> implements FrontedConnection<Info> {
  lastHeardAt = performance.now();
  allowance = Infinity;
  /** The port that it comes to the backend from, once that is known. */
  port: number | undefined;
  #callOffEnd: (() => void) | undefined;
  #mayBeSilent = false;
  #backend: Deno.TcpConn | undefined;

  constructor(readonly peer: Duplex, readonly info: Info, lifeMs: number) {
    this.#callOffEnd = scheduleTimeout(() => this.close(), lifeMs);
  }

  keep(): void {
    this.#callOffEnd?.();
    this.#callOffEnd = undefined;
  }

  keepSilent(): void {
    this.keep();
    this.#mayBeSilent = true;
  }

  /** Ends the connection if the peer was not heard since `limit` and has to be. */
  closeIfSilentSince(limit: number): void {
    if (!this.#mayBeSilent && this.lastHeardAt < limit) this.close();
  }

  /**
   * Connects to the backend and sends `head`.
   *
   * @returns undefined when the backend did not accept in time.
   */
  async open(
    { backend, connections, ports }: Generation<Info>,
    head: Uint8Array,
  ): Promise<Deno.TcpConn | undefined> {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: backend.port });
    this.#backend = conn;
    conn.setNoDelay(true);
    this.port = conn.localAddr.port;
    // Before the first byte: the handler may run as soon as it has one.
    connections.set(this.port, this);
    const accepted = ports.add(this.port);
    if (head.length > 0) await writeAll(conn, head);
    if (await accepted) return conn;
    closeQuietly(conn);
  }

  /** Notes that the peer sent something; ends the connection when it was more than it may send. */
  heard(bytes: number): void {
    this.lastHeardAt = performance.now();
    this.allowance -= bytes;
    if (this.allowance < 0) this.close();
  }

  close(): void {
    this.keep();
    closeQuietly(this.peer);
    if (this.#backend !== undefined) closeQuietly(this.#backend);
  }
}

/**
 * Serves connections that were already accepted, and partly read, through a TLS server of Deno's.
 *
 * Deno's servers accept and decrypt in one step: they leave no room for reading a PROXY header or
 * the SNI first, tell a handler neither, and keep one certificate for life. So each certificate gets
 * a server on a loopback port, and a connection is spliced to the newest one. A new certificate is
 * a new server beside the old, which closes after its last connection: nothing is dropped, and no
 * public listener is ever closed and opened.
 */
export class TlsFront<Info> {
  readonly #options: TlsFrontOptions<Info>;
  readonly #stops: LogThrottle;
  readonly #failures: LogThrottle;
  readonly #idleCheck: ReturnType<typeof setInterval>;
  readonly #generations = new Set<Generation<Info>>();
  #current: Generation<Info> | undefined;
  #pair: CertificatePair | undefined;
  #stopping = new AbortController();

  constructor(options: TlsFrontOptions<Info>) {
    const { name: server, log } = options;
    this.#options = options;
    this.#stops = new LogThrottle(
      WARN_EVERY_MS,
      (fields) => log.error("inner TLS server stopped, starting another", { server, ...fields }),
    );
    this.#failures = new LogThrottle(
      WARN_EVERY_MS,
      (fields) => log.warn("cannot reach the inner TLS server", { server, ...fields }),
    );
    this.#idleCheck = setInterval(() => this.#closeIdle(), IDLE_CHECK_MS);
  }

  /** Connections being served. */
  get active(): number {
    let sum = 0;
    for (const { active } of this.#generations) sum += active;
    return sum;
  }

  /** Serves new connections with this certificate from now on. */
  async use(pair: CertificatePair): Promise<void> {
    const connections = new Map<number, Fronted<Info>>();
    const ports = new KnownPorts();
    const backend = await this.#options.start(
      pair,
      (port) => connections.get(port),
      (port) => ports.isOwn(port),
    );
    if (this.#stopping.signal.aborted) return await backend.stop();
    const previous = this.#current;
    const generation: Generation<Info> = { backend, connections, ports, active: 0 };
    this.#generations.add(generation);
    this.#current = generation;
    this.#pair = pair;
    this.#supervise(generation);
    if (previous?.active === 0) await this.#retire(previous);
  }

  /**
   * Passes `head` and all that follows to the backend; closes `conn`. Never rejects. Where the
   * backend cannot be reached the peer gets the alert `internal_error`.
   */
  serve(conn: Duplex, head: Uint8Array, info: Info): Promise<void> {
    if (this.#current === undefined) {
      closeQuietly(conn);
      return Promise.resolve();
    }
    const fronted = new Fronted(conn, info, this.#options.lifeMs);
    // Two steps, so that the one that may take days does not hold the head.
    return this.#splice(fronted, this.#open(fronted, head));
  }

  /**
   * Connects to the newest backend; to the one after it where that did not accept and is replaced.
   *
   * @throws {Error} when none can be reached.
   */
  async #open(
    fronted: Fronted<Info>,
    head: Uint8Array,
  ): Promise<{ generation: Generation<Info>; conn: Deno.TcpConn }> {
    for (let generation = this.#current; generation !== undefined;) {
      generation.active++;
      let conn: Deno.TcpConn | undefined;
      try {
        conn = await fronted.open(generation, head);
        if (conn !== undefined) return { generation, conn };
      } finally {
        if (conn === undefined) await this.#leave(generation, fronted);
      }
      if (this.#current === generation) break;
      generation = this.#current;
    }
    throw new Error("Cannot reach the inner TLS server: it does not accept");
  }

  async #splice(
    fronted: Fronted<Info>,
    opening: Promise<{ generation: Generation<Info>; conn: Deno.TcpConn }>,
  ): Promise<void> {
    let generation: Generation<Info> | undefined;
    try {
      const opened = await opening;
      generation = opened.generation;
      await splice(fronted.peer, opened.conn, {
        waitBuffers,
        largestStep: LARGEST_STEP,
        onBytes: (direction, bytes) => void (direction === "forward" && fronted.heard(bytes)),
      });
    } catch (error) {
      this.#failures.say({ error });
      await sendLastWords(fronted.peer, alertRecord("internalError"));
    } finally {
      fronted.close();
      if (generation !== undefined) await this.#leave(generation, fronted);
    }
  }

  /** A connection that was passed to a backend has ended there. */
  async #leave(generation: Generation<Info>, { port }: Fronted<Info>): Promise<void> {
    if (port !== undefined) {
      generation.connections.delete(port);
      generation.ports.delete(port);
    }
    generation.active--;
    if (generation !== this.#current && generation.active === 0) await this.#retire(generation);
  }

  /** Ends every connection and server. */
  async stop(): Promise<void> {
    clearInterval(this.#idleCheck);
    this.#stopping.abort();
    this.#current = undefined;
    for (const connection of this.#all()) connection.close();
    await Promise.all([...this.#generations].map((generation) => this.#retire(generation)));
  }

  #closeIdle(): void {
    const limit = performance.now() - IDLE_LIMIT_MS;
    for (const connection of this.#all()) connection.closeIfSilentSince(limit);
  }

  *#all(): Generator<Fronted<Info>> {
    for (const { connections } of this.#generations) yield* connections.values();
  }

  async #retire(generation: Generation<Info>): Promise<void> {
    if (!this.#generations.delete(generation)) return;
    const stopped = new AbortController();
    const stop = generation.backend.stop().finally(() => stopped.abort());
    await Promise.race([stop, sleep(STOP_LIMIT_MS, stopped.signal)]);
  }

  /** `Deno.serve` gives up for good when descriptors run out once: start another. */
  async #supervise(generation: Generation<Info>): Promise<void> {
    const error = await generation.backend.finished.then(() => undefined, (e) => e);
    for (let wait: number = RESTART_MS.first; this.#current === generation;) {
      this.#stops.say({ error });
      await sleep(wait, this.#stopping.signal);
      if (this.#current !== generation) return;
      wait = Math.min(wait * 2, RESTART_MS.longest);
      await this.use(this.#pair!).catch(() => {});
    }
  }
}
