import { settleWithin, sleep } from "./pause.ts";
import { LogThrottle } from "./log_throttle.ts";
import type { Log } from "../log.ts";

/** Pause before a plain HTTP server that stopped by itself is started again. */
const RESTART_MS = 1_000;

/** Least time between two log lines of a server that stopped. */
const WARN_EVERY_MS = 10_000;

/**
 * How long requests in progress may take when it stops, milliseconds. With Deno 2.7.11, which test executables are made
 * of, the runtime's own end may not come where a peer goes away while it is answered or its body is read: in 13 of 20,000
 * such stops; with 2.9.6 it came in each of 21,000.
 */
const STOP_LIMIT_MS = 10_000;

/** A running plain HTTP server. */
export interface HttpServer<Addr extends Deno.Addr = Deno.NetAddr> {
  readonly address: Addr;
  /** Stops it after the requests in progress, which have a limit. Never rejects. */
  stop(): Promise<void>;
}

/** Options for {@linkcode superviseHttp}. */
export interface SuperviseOptions<Addr extends Deno.Addr> {
  /** For log lines. */
  name: string;
  /** Starts the server, each time at the same address. */
  start: () => Deno.HttpServer<Addr>;
  log: Log;
  /** How long requests in progress may take when it stops, milliseconds. @default 10 s */
  stopLimitMs?: number;
}

/**
 * Keeps a server of `Deno.serve` running, which gives up for good for want of descriptors.
 *
 * @throws {Error} of the first start.
 */
export function superviseHttp<Addr extends Deno.Addr>(
  options: SuperviseOptions<Addr>,
): HttpServer<Addr> {
  const { name, start, log, stopLimitMs = STOP_LIMIT_MS } = options;
  const stopping = new AbortController();
  const failures = new LogThrottle(
    WARN_EVERY_MS,
    (fields) => log.error("server stopped, starting it again", { server: name, ...fields }),
  );
  let server = start();

  async function supervise(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await server.finished;
        if (stopping.signal.aborted) return;
      } catch (error) {
        failures.say({ error });
      }
      await sleep(RESTART_MS, stopping.signal);
      try {
        if (!stopping.signal.aborted) server = start();
      } catch {
        // Still no descriptor: the finished server is awaited at once, so the pause comes again.
      }
    }
  }

  const supervised = supervise();
  return {
    address: server.addr,
    async stop() {
      stopping.abort();
      await settleWithin(stopLimitMs, [server.shutdown(), supervised]);
    },
  };
}
