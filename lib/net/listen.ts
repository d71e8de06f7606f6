/**
 * Connections, whoever is at their ends: listeners, fronts for TLS, places, waits, splices. Imports `wire`
 * and `log.ts`.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import { acceptLoop, LONGEST_BACKOFF_MS } from "./accept_loop.ts";
import type { Place, Places } from "./places.ts";
import { Roll } from "./roll.ts";
import { LogThrottle } from "./log_throttle.ts";
import { closeQuietly } from "./splice.ts";
import type { Log } from "../log.ts";

/**
 * Turns of the event loop without a connection after which a listener that stops has all that has come:
 * the runtime asks the kernel in every fourth (DENO_TOKIO_EVENT_INTERVAL), and a connection takes several to
 * get here.
 */
const QUIET_TURNS = 16;

/** Turns of the event loop in which a listener that stops accepts what has come, at most. */
const MOST_TURNS = 1_000;

/** Least time between two log lines of connections that cannot be accepted. */
const WARN_EVERY_MS = 10_000;

/** Options for {@linkcode serveTcp}. */
export interface ServeTcpOptions {
  /** For log lines: `hub`, `data`, … */
  name: string;
  /** Connections at once, by `keysOf`; the newest is closed unread when there is no place for it. */
  places?: Places;
  /** Whom a connection counts for in `places`. @default nobody */
  keysOf?: (conn: Deno.TcpConn) => readonly string[];
  /**
   * Handles one connection and closes it. A rejection is a bug of ours: it is logged, counted, and
   * the connection closed.
   */
  onConnection: (conn: Deno.TcpConn) => Promise<void>;
  /** Whether `onConnection` calls {@linkcode setOptions}, where it is worth it. @default {false} */
  setsOptions?: boolean;
  log: Log;
}

/** Serves a listener. */
export interface TcpServer {
  /** Connections being handled now. */
  readonly active: number;
  /** Whether it accepts: not stopped, and no failure in the last moments. */
  readonly accepting: boolean;
  /** Counters since the start. */
  readonly counts: Readonly<ListenerCounts>;
  /**
   * Stops accepting once it has what the kernel has accepted by then, which would be reset; connections
   * in progress go on. Resolves when the port is free.
   */
  stop(): Promise<void>;
  /** Resolves when no connection is being handled. */
  idle(): Promise<void>;
  /** Closes every connection being handled. */
  closeAll(): void;
}

/** What a listener counted. */
export interface ListenerCounts {
  accepted: number;
  /** Closed unread for want of a place. */
  refused: number;
  /** Failures to accept that were not a peer's: descriptors had run out, most likely. */
  acceptErrors: number;
  /** Connections ended by a bug of ours. */
  handlerErrors: number;
}

/**
 * Hands each connection of a listener to `onConnection`, until it is stopped.
 *
 * Nothing that a peer does, and no shortage of descriptors, ends it.
 */
export function serveTcp(listener: Deno.TcpListener, options: ServeTcpOptions): TcpServer {
  const { name, places, keysOf = () => [], onConnection, setsOptions = false, log } = options;
  const counts: ListenerCounts = { accepted: 0, refused: 0, acceptErrors: 0, handlerErrors: 0 };
  const stopping = new AbortController();
  let failedAt = -Infinity;
  // Descriptors that come and go one by one would have a line for every try.
  const failures = new LogThrottle(
    WARN_EVERY_MS,
    (fields) => log.error("cannot accept connections, trying again", { listener: name, ...fields }),
  );
  const active = new Roll<Deno.TcpConn>();
  let whenIdle = Promise.withResolvers<void>();
  whenIdle.resolve();

  // No asynchronous function: its frame would take half a kilobyte of every connection there is.
  function handle(conn: Deno.TcpConn, place?: Place): void {
    if (active.size === 0) whenIdle = Promise.withResolvers();
    const seat = active.add(conn);
    if (!setsOptions) setOptions(conn);
    function end(): void {
      place?.leave();
      seat.leave();
      if (active.size === 0) whenIdle.resolve();
    }
    onConnection(conn).then(end, (error: Error) => {
      counts.handlerErrors++;
      log.error("connection ended by a bug", { listener: name, error, stack: error.stack });
      closeQuietly(conn);
      end();
    });
  }

  const loop = acceptLoop({
    accept: () => listener.accept(),
    onConnection(conn) {
      counts.accepted++;
      const place = places?.take(...keysOf(conn));
      if (places === undefined || place !== undefined) return handle(conn, place);
      counts.refused++;
      closeQuietly(conn);
    },
    onError: (error) => failures.say({ error }),
    onFailure() {
      counts.acceptErrors++;
      failedAt = performance.now();
    },
    signal: stopping.signal,
  });
  let stopped: Promise<void> | undefined;

  async function stop(): Promise<void> {
    // Who comes faster than that is no queue any more.
    for (let turn = 0, quiet = 0; quiet < QUIET_TURNS && turn < MOST_TURNS; turn++) {
      const before = counts.accepted;
      // No timer: what comes while that waits would be lost.
      await new Promise((resolve) => setImmediate(resolve));
      quiet = counts.accepted === before ? quiet + 1 : 0;
    }
    stopping.abort();
    listener.close();
    await loop;
  }

  return {
    counts,
    get active() {
      return active.size;
    },
    get accepting() {
      // A failing accept is tried again within the longest pause, so by then it has failed again.
      return stopped === undefined && performance.now() - failedAt > 2 * LONGEST_BACKOFF_MS;
    },
    stop: () => stopped ??= stop(),
    idle: () => whenIdle.promise,
    closeAll() {
      for (const conn of active.values()) closeQuietly(conn);
    },
  };
}

/** Sets what connections need that bytes are relayed over. */
export function setOptions(conn: Deno.TcpConn): void {
  try {
    // What is relayed was a whole message to its sender: it waits for no acknowledgement here.
    conn.setNoDelay(true);
    // A peer that vanished is noticed in the end, though nothing is sent to it.
    conn.setKeepAlive(true);
  } catch {
    // Not every system takes them for a peer that is gone; the first read tells that.
  }
}
