import type { ProxyAddresses } from "../wire/proxy_protocol.ts";
import { type Backend, writeHostPort } from "../config/values.ts";
import type { Log } from "../log.ts";
import { sendLastWords } from "../net/last_words.ts";
import type { IdleWatch } from "../net/idle_watch.ts";
import { LogThrottle } from "../net/log_throttle.ts";
import { closeQuietly, type Duplex, splice, writeAll } from "../net/splice.ts";
import { openingBytes } from "./opening.ts";
import type { Ending } from "./outcome.ts";

/** How long the backend may take to accept a connection. */
const CONNECT_TIMEOUT_MS = 5_000;

/** Least time between two log lines of a backend that cannot be reached. */
const WARN_EVERY_MS = 60_000;

/** Options for {@linkcode Fallback}. */
export interface FallbackOptions {
  backend: Backend;
  /** Ends connections that were silent for too long. @default none is ended */
  idle?: IdleWatch;
  log: Log;
}

/** Passes connections for names that are not ours to a server behind the relay. */
export class Fallback {
  readonly #backend: Backend;
  readonly #idle: IdleWatch | undefined;
  readonly #warnings: LogThrottle;

  constructor(options: FallbackOptions) {
    this.#backend = options.backend;
    this.#idle = options.idle;
    const backend = writeHostPort(this.#backend);
    this.#warnings = new LogThrottle(
      WARN_EVERY_MS,
      (fields) =>
        options.log.warn("cannot reach the fallback backend; is it running?", {
          backend,
          ...fields,
        }),
    );
  }

  /**
   * Passes `head` and all that follows on, both ways and with each end of stream; closes `conn`.
   * Never rejects.
   *
   * @param unreachable what a visitor is sent who finds no backend.
   */
  async pass(
    conn: Duplex,
    head: Uint8Array,
    announced: ProxyAddresses | undefined,
    unreachable: Uint8Array,
  ): Promise<Ending> {
    let backend: Deno.TcpConn | undefined;
    try {
      backend = await this.#connect();
      const { proxyHeader } = this.#backend;
      await writeAll(backend, proxyHeader ? openingBytes(announced, head) : head);
    } catch (error) {
      if (backend !== undefined) closeQuietly(backend);
      this.#warnings.say({ error });
      await sendLastWords(conn, unreachable);
      return { outcome: "fallback-unreachable", detail: (error as Error).message };
    }
    const { forward: toClient, backward: toVisitor, error } = await splice(conn, backend, {
      idle: this.#idle,
    });
    return { outcome: "fallback", toClient, toVisitor, ...(error && { detail: error.message }) };
  }

  async #connect(): Promise<Deno.TcpConn> {
    const { host: hostname, port } = this.#backend;
    const late = new AbortController();
    const timer = setTimeout(
      () => late.abort(new Error(`no answer within ${CONNECT_TIMEOUT_MS} ms`)),
      CONNECT_TIMEOUT_MS,
    );
    try {
      const conn = await Deno.connect({ hostname, port, signal: late.signal });
      conn.setNoDelay(true);
      return conn;
    } finally {
      clearTimeout(timer);
    }
  }
}
