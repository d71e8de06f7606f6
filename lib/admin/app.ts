import { Hono } from "hono";
import type { Check } from "./status.ts";

/** Options for {@linkcode healthApp}. */
export interface HealthAppOptions {
  checks: () => Check[];
  /** Renders the metrics: as OpenMetrics, or in the older text format of Prometheus. */
  metrics: (openMetrics: boolean) => Promise<{ type: string; body: string }>;
}

/**
 * What monitoring reads over TCP, for anybody who can connect: `/healthz` (the process answers),
 * `/readyz` (it can serve) and `/metrics`. It names no user and changes nothing.
 */
export function healthApp(options: HealthAppOptions): Hono {
  const app = new Hono();
  app.get("/healthz", (c) => c.text("ok\n"));
  app.get("/readyz", (c) => {
    const checks = options.checks();
    const ready = checks.every((check) => check.ok);
    return c.json({ ready, checks }, ready ? 200 : 503);
  });
  app.get("/metrics", async (c) => {
    const wanted = c.req.header("Accept")?.includes("application/openmetrics-text") ?? false;
    const { type, body } = await options.metrics(wanted);
    return c.body(body, 200, { "Content-Type": type });
  });
  return app;
}
