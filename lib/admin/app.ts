import { createHash, timingSafeEqual } from "node:crypto";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import type { Check, StatusReport } from "./status.ts";
import type { UserDesk } from "./users.ts";

/** Options for {@linkcode adminApp}. */
export interface AdminAppOptions {
  /** What everything below `/v1/` asks for, see `access.ts`. */
  token: string;
  checks: () => Check[];
  status: () => StatusReport;
  users: UserDesk;
  isUsername: (text: string) => boolean;
  /** Renders the metrics: as OpenMetrics, or in the older text format of Prometheus. */
  metrics: (openMetrics: boolean) => Promise<{ type: string; body: string }>;
}

/**
 * The operator's pages, on loopback.
 *
 * `/healthz` (the process answers), `/readyz` (it can serve) and `/metrics` are for anybody who can
 * connect and name no user; what is below `/v1/` asks for the token, which also keeps out web pages
 * in a browser on this machine.
 */
export function adminApp(options: AdminAppOptions): Hono {
  const { users, isUsername } = options;
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

  app.use("/v1/*", async (c, next) => {
    const given = /^Bearer (\S+)$/.exec(c.req.header("Authorization") ?? "")?.[1] ?? "";
    if (!same(given, options.token)) {
      throw new HTTPException(401, { message: "send the token of STATE_DIR/admin-token" });
    }
    c.header("Cache-Control", "no-store");
    await next();
  });
  app.get("/v1/status", (c) => c.json(options.status()));
  app.get("/v1/users", async (c) => c.json(await users.list()));
  app.get("/v1/users/:name", async (c) => {
    const user = await users.show(nameOf(c.req.param("name")));
    if (user === undefined) throw new HTTPException(404, { message: "no such user" });
    return c.json(user);
  });
  app.post("/v1/users/:name/block", async (c) => {
    await users.block(nameOf(c.req.param("name")));
    return c.json({ changed: true });
  });
  app.post("/v1/users/:name/unblock", async (c) => {
    return c.json({ changed: await users.unblock(nameOf(c.req.param("name"))) });
  });
  app.post("/v1/users/:name/release", async (c) => {
    return c.json({ changed: await users.release(nameOf(c.req.param("name"))) });
  });
  app.onError((error, c) => {
    if (error instanceof HTTPException) return c.json({ error: error.message }, error.status);
    return c.json({ error: `bug: ${error.message}` }, 500);
  });

  function nameOf(text: string): string {
    if (isUsername(text)) return text;
    throw new HTTPException(400, { message: "not a username" });
  }

  return app;
}

/** Compares in a time that tells nothing of the token, not even its length. */
function same(a: string, b: string): boolean {
  const digest = (text: string): Uint8Array => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
