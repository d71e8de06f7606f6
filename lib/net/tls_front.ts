import type { Log } from "../log.ts";
import { alertRecord } from "../wire/alert.ts";
import { BufferPool } from "./buffer_pool.ts";
import { Fronted } from "./fronted_connection.ts";
import { sendLastWords } from "./last_words.ts";
import { LogThrottle } from "./log_throttle.ts";
import { sleep } from "./pause.ts";
import { closeQuietly, type Duplex, splice } from "./splice.ts";
import type { CertificatePair } from "./tls_backend.ts";
import { type StartBackend, TlsGeneration } from "./tls_generation.ts";
import { Turnstile } from "./turnstile.ts";

/** First and longest pause before a backend that stopped by itself is started again. */
const RESTART_MS = { first: 50, longest: 5_000 } as const;

/** Least time between two log lines of a backend that cannot be had or reached. */
const WARN_EVERY_MS = 10_000;

/** Silence after which a connection is closed; a control WebSocket answers pings well within it. */
const IDLE_LIMIT_MS = 60_000;

/** How often silence is looked for. */
const IDLE_CHECK_MS = 5_000;

/**
 * The smallest buffers are enough for requests and pages: the large ones are for visitors of users,
 * and whoever asks the API may not borrow all that there are of those.
 */
const LARGEST_STEP = 0;

/** Buffers of directions that wait for data: with room for most messages of a client. */
const waitBuffers = new BufferPool(256);

/** Options for {@linkcode TlsFront}. */
export interface TlsFrontOptions<Info> {
  /** For log lines. */
  name: string;
  start: StartBackend<Info>;
  /**
   * How long a connection may last from its first byte to its last, milliseconds, unless it is
   * kept: so that a peer who dribbles holds nothing for ever.
   */
  lifeMs: number;
  log: Log;
}

/**
 * Serves connections that were already accepted, and partly read, through a TLS server of Deno's.
 *
 * Deno's servers accept and decrypt in one step: they leave no room for reading a PROXY header or
 * the SNI first, tell a handler neither, and keep one certificate for life. So each certificate gets
 * a server on a loopback port, and a connection is spliced to the newest one. A new certificate is
 * a new server beside the old, which closes after its last connection: nothing is dropped, and no
 * public listener is ever closed and opened. What TLS that ends without the hop would cost is in
 * scripts/README.md.
 */
export class TlsFront<Info> {
  readonly #options: TlsFrontOptions<Info>;
  readonly #stops: LogThrottle;
  readonly #failures: LogThrottle;
  readonly #idleCheck: ReturnType<typeof setInterval>;
  readonly #turnstile = new Turnstile();
  readonly #generations = new Set<TlsGeneration<Info>>();
  #current: TlsGeneration<Info> | undefined;
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
    const generation = await TlsGeneration.start(this.#options.start, pair);
    if (this.#stopping.signal.aborted) return await generation.stop();
    const previous = this.#current;
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
    return this.#splice(fronted, this.#turnstile.pass().then(() => this.#open(fronted, head)));
  }

  /**
   * Connects to the newest backend; to the one after it where that did not accept and is replaced.
   *
   * @throws {Error} when none can be reached.
   */
  async #open(
    fronted: Fronted<Info>,
    head: Uint8Array,
  ): Promise<TlsGeneration<Info>> {
    for (let generation = this.#current; generation !== undefined;) {
      let isOpen = false;
      try {
        isOpen = await generation.open(fronted, head);
        if (isOpen) return generation;
      } finally {
        if (!isOpen) await this.#leave(generation, fronted);
      }
      if (this.#current === generation) break;
      generation = this.#current;
    }
    throw new Error("Cannot reach the inner TLS server: it does not accept");
  }

  async #splice(
    fronted: Fronted<Info>,
    opening: Promise<TlsGeneration<Info>>,
  ): Promise<void> {
    let generation: TlsGeneration<Info> | undefined;
    try {
      generation = await opening;
      await splice(fronted.peer, fronted, {
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
  async #leave(generation: TlsGeneration<Info>, fronted: Fronted<Info>): Promise<void> {
    generation.leave(fronted);
    if (generation !== this.#current && generation.active === 0) await this.#retire(generation);
  }

  /** Ends each connection once what was asked on it is answered; those where nothing is, at once. */
  endKept(): void {
    for (const generation of this.#generations) generation.endKept();
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
    for (const generation of this.#generations) yield* generation.connections();
  }

  async #retire(generation: TlsGeneration<Info>): Promise<void> {
    if (this.#generations.delete(generation)) await generation.stop();
  }

  /** `Deno.serve` gives up for good when descriptors run out once: start another. */
  async #supervise(generation: TlsGeneration<Info>): Promise<void> {
    const error = await generation.finished.then(() => undefined, (e) => e);
    for (let wait: number = RESTART_MS.first; this.#current === generation;) {
      this.#stops.say({ error });
      await sleep(wait, this.#stopping.signal);
      if (this.#current !== generation) return;
      wait = Math.min(wait * 2, RESTART_MS.longest);
      await this.use(this.#pair!).catch(() => {});
    }
  }
}
