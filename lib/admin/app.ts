import { isIP } from "node:net";
import { Hono } from "hono";
import { askedHost } from "../net/asked_host.ts";
import type { Check } from "./status.ts";

/** Options for {@linkcode healthApp}. */
export interface HealthAppOptions {
  /** The address that it is served at. */
  hostname: string;
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
    if (isLoopback(options.hostname) && !isOfThisMachine(c.req.raw)) {
      return c.text("Ask by an address, or as localhost\n", 421);
    }
    const wanted = c.req.header("Accept")?.includes("application/openmetrics-text") ?? false;
    const { type, body } = await options.metrics(wanted);
    return c.body(body, 200, { "Content-Type": type });
  });
  return app;
}

function isLoopback(hostname: string): boolean {
  return /^(?:127\.|::1$|localhost$)/.test(hostname);
}

/**
 * Whether a request is for an address or localhost. A page that a browser on this machine shows can have any other name
 * lead here (DNS rebinding), and read what it is answered then.
 */
function isOfThisMachine(request: Request): boolean {
  const asked = askedHost(request);
  if (asked.state !== "host") return asked.state === "none";
  return asked.host === "localhost" || isIP(asked.host.replace(/^\[|\]$/g, "")) !== 0;
}
