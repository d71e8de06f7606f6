/**
 * The HTTPS API of clients. Imports the ground floor and `session`.
 *
 * @module
 */
import { Hono } from "hono";
import type { Log } from "../log.ts";
import { tellLength } from "../net/head_length.ts";
import { StoreError } from "../store/error.ts";
import type { ProblemCode } from "../wire/problems.ts";
import type { Services } from "./handlers.ts";
import { openApiDocument } from "./openapi.ts";
import { Problem } from "./problem.ts";
import { type Route, type RouteName, ROUTES } from "./routes.ts";
import { serveRoute } from "./serve_route.ts";
import type { ApiBindings, ApiOptions } from "./services.ts";

/** Problems with a body of which more may come, that nobody reads. */
const UNREAD_PROBLEMS: readonly ProblemCode[] = ["too-slow", "too-large", "unsupported-encoding"];

/** When to come back to a relay that cannot use its database. */
const DATABASE_RETRY_S = 60;

/** The HTTPS API of PROTOCOL section 1, over plain values and functions. */
export function apiApp(options: ApiOptions): Hono<{ Bindings: ApiBindings }> {
  const { relay, log } = options;
  const openApi = openApiDocument(relay.software, relay.controlUrl);
  const services: Services = { ...options, openApi };
  const app = new Hono<{ Bindings: ApiBindings }>();
  app.use(async (c, next) => {
    await next();
    c.res.headers.set("Cache-Control", "no-store");
    await tellLength(c.req.raw, c.res);
  });
  for (const [name, route] of Object.entries(ROUTES) as [RouteName, Route][]) {
    app.on(
      route.method,
      honoPath(route.path),
      (c) => serveRoute(name, services, c.req.raw, c.req.param(), c.env),
    );
  }
  for (const [path, routes] of Map.groupBy(Object.values(ROUTES), ({ path }) => path)) {
    app.all(honoPath(path), () => {
      const allowed = methodsOf(routes);
      throw methodNotAllowed(`This address takes ${allowed}.`, allowed);
    });
  }
  app.notFound((c) => {
    // CONNECT and OPTIONS * ask for no address (RFC 9112 sections 3.2.3 and 3.2.4).
    const problem = c.req.method === "CONNECT" || c.req.path === "/*"
      ? methodNotAllowed("The relay is a proxy for nobody.", methodsOf(Object.values(ROUTES)))
      : new Problem("not-found", "GET /v1/openapi.json lists every address.");
    return problem.response();
  });
  app.onError((error, c) => {
    const problem = problemFor(error, c.req.path, log);
    // It must not hold the connection for as long as it comes.
    if (UNREAD_PROBLEMS.includes(problem.code)) c.env.transport.endWithAnswer();
    return problem.response();
  });
  return app;
}

/** A path of the table as Hono has it. */
function honoPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ":$1");
}

/** What `Allow` says of routes. */
function methodsOf(routes: Route[]): string {
  return [...new Set(routes.flatMap(({ method }) => method === "GET" ? ["GET", "HEAD"] : method))]
    .join(", ");
}

function methodNotAllowed(detail: string, allowed: string): Problem {
  return new Problem("method-not-allowed", detail, { headers: { Allow: allowed } });
}

/** What a request is answered with that ended in an error. */
function problemFor(error: Error, path: string, log: Log): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof StoreError) {
    log.error("a request needs the database, which cannot be used", { error });
    return new Problem("busy", "The relay cannot keep its records now; try again later.", {
      retryAfterS: DATABASE_RETRY_S,
    });
  }
  log.error("request ended by a bug", { path, error, stack: error.stack });
  return new Problem("internal", "Try again; if it stays so, tell the relay's operator.");
}
