import { Hono } from "hono";

/** A part that has to be well for the relay to serve. */
export interface Check {
  name: string;
  ok: boolean;
  /** What is wrong, when it is not well. */
  detail?: string;
}

/** The operator's pages: `/healthz` (the process answers) and `/readyz` (it can serve). */
export function adminApp(options: { checks: () => Check[] }): Hono {
  const app = new Hono();
  app.get("/healthz", (c) => c.text("ok\n"));
  app.get("/readyz", (c) => {
    const checks = options.checks();
    const ready = checks.every((check) => check.ok);
    return c.json({ ready, checks }, ready ? 200 : 503);
  });
  return app;
}
