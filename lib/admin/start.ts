import type { Log } from "../log.ts";
import { type HttpServer, serveHttp } from "../net/serve_http.ts";
import { adminToken, clearAdminUrl, noteAdminUrl } from "./access.ts";
import { adminApp } from "./app.ts";
import type { Figures } from "./figures.ts";
import { watchLoopDelay } from "./loop_delay.ts";
import type { Metrics } from "./metrics.ts";
import { type Check, statusReport } from "./status.ts";
import type { UserDesk } from "./users.ts";

/** Options for {@linkcode startAdmin}. */
export interface StartAdminOptions {
  hostname: string;
  /** 0 takes a free one. */
  port: number;
  stateDir: string;
  software: string;
  metrics: Metrics;
  figures: Figures;
  checks: () => Check[];
  users: UserDesk;
  isUsername: (text: string) => boolean;
  log: Log;
}

/**
 * Opens the operator's listener, and notes in the state folder how the commands reach it.
 *
 * @throws {Error} when the port is taken or the state folder cannot be written.
 */
export async function startAdmin(options: StartAdminOptions): Promise<HttpServer> {
  const { metrics, figures, checks, stateDir, software } = options;
  const startedAt = Date.now();
  metrics.watch(figures);
  const token = await adminToken(stateDir);
  const app = adminApp({
    ...options,
    token,
    metrics: (openMetrics) => metrics.render(openMetrics),
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
  const server = serveHttp({ ...options, name: "admin", handler: app.fetch });
  const { hostname, port } = server.address;
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  await noteAdminUrl(stateDir, `http://${host}:${port}`);
  const endWatch = watchLoopDelay((seconds) => metrics.loopDelay(seconds));
  return {
    address: server.address,
    async stop() {
      endWatch();
      await clearAdminUrl(stateDir);
      await server.stop();
    },
  };
}
