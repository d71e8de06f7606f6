/**
 * The operator's ways in: health, metrics, status and users. Imports the ground floor.
 *
 * @module
 */
import type { Log } from "../log.ts";
import { innerSocketPath } from "../file/socket_path.ts";
import { serveBoundedHttp } from "../net/bounded_http.ts";
import type { HttpServer } from "../net/serve_http.ts";
import { healthApp } from "./app.ts";
import { type BioTrial, commandsApp, type GoodTickets, type Renew } from "./commands.ts";
import type { Figures } from "./figures.ts";
import type { OwnPart } from "./hand_over.ts";
import { watchLoopDelay } from "./loop_delay.ts";
import type { MetricValues } from "./instruments.ts";
import type { Metrics } from "./metrics.ts";
import { openSocket } from "./socket.ts";
import { type Check, statusReport } from "./status.ts";
import type { UserDesk } from "./users.ts";

/** Options for {@linkcode startAdmin}. */
export interface StartAdminOptions {
  hostname: string;
  /** 0 takes a free one. */
  port: number;
  stateDir: string;
  /** Which of the relay's processes this is, from 1 on. */
  process: number;
  /** Metrics of the other ones. */
  otherMetrics: () => Promise<MetricValues[][]>;
  software: string;
  metrics: Metrics;
  figures: Figures;
  checks: () => Check[];
  users: UserDesk;
  /** Renews the relay's certificate for a command. */
  renew: Renew;
  backup: () => Promise<ReadableStream<Uint8Array>>;
  /** What this relay does when another process is to take its place. */
  handOver: OwnPart;
  /** Which of these tickets can be shown at this process. */
  goodTickets: (tickets: readonly string[]) => GoodTickets;
  /** Runs the bio script as for a claim. */
  bio: (username: string) => Promise<BioTrial>;
  isUsername: (text: string) => boolean;
  isOutage: (error: Error) => boolean;
  log: Log;
}

/**
 * Opens the operator's two ways in: TCP for monitoring, and the socket in the state folder for
 * commands.
 *
 * @throws {Error} when the port is taken, or the socket cannot be made.
 */
export async function startAdmin(options: StartAdminOptions): Promise<HttpServer> {
  const { metrics, figures, checks, stateDir, software } = options;
  const startedAt = Date.now();
  metrics.watch(figures);
  const health = healthApp({
    ...{ hostname: options.hostname, checks },
    metrics: async (openMetrics) => metrics.render(openMetrics, await options.otherMetrics()),
  });
  const commands = commandsApp({
    ...options,
    ownMetrics: () => metrics.values(),
    status: () =>
      statusReport({
        software,
        startedAt,
        now: Date.now(),
        checks: checks(),
        counters: metrics.counters,
        figures,
      }),
  });
  const closeSocket = await openSocket({ ...options, handler: commands.fetch });
  let server: HttpServer;
  try {
    server = serveBoundedHttp({
      ...options,
      name: "admin",
      share: true,
      socketPath: innerSocketPath(stateDir),
      handler: health.fetch,
    });
  } catch (error) {
    await closeSocket();
    throw error;
  }
  const endWatch = watchLoopDelay((seconds) => metrics.loopDelay(seconds));
  return {
    address: server.address,
    async stop() {
      endWatch();
      await server.stop();
      // Last: a relay that takes this one's place takes it for the end of both.
      await closeSocket();
    },
  };
}
