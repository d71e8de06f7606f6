/**
 * The relay's own pages, one component a file. Imports the ground floor.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { type Context, Hono } from "hono";
import { type Log, SILENT_LOG } from "../log.ts";
import { tellLength } from "../net/head_length.ts";
import { authorityOf, labelBelow } from "../wire/names.ts";
import { PROBLEM_TYPE } from "../wire/problems.ts";
import { type Answer, basePage, misdirected, namePage, type NameStatus } from "./answers.tsx";
import { askerOf } from "./asker.ts";
import type { Place } from "./layout.tsx";
import { PAGE_HEADER, RETRY_SCRIPT } from "./retry_script.ts";
import { STYLE } from "./style.ts";

/** What is known of the connection that a request came on. */
export interface PageContext {
  /** The host that the request names, as {@linkcode PageContext.serverName}; HTTP/1.0 may name none. */
  host?: string | undefined;
  /** SNI of the connection, lower-case and without a final dot. */
  serverName?: string | undefined;
  /** The user was online when the visitor came, and did not answer. */
  notResponding?: boolean | undefined;
  /** The relay stopped while the visitor waited for the user. */
  restarting?: boolean | undefined;
  /** The user's bytes of the day are used up. */
  usedUp?: boolean | undefined;
}

/** Options for {@linkcode pageApp}. */
export interface PageAppOptions {
  baseDomain: string;
  /** Port at which visitors reach the relay. @default {443} */
  publicPort?: number;
  /** How a name under the base domain stands, asked for every request. */
  statusOf: (username: string) => Promise<NameStatus>;
  /** Where to report a page: a mail address, a URL or other text. */
  contact?: string;
  /** Clock in milliseconds since the epoch. @default {Date.now} */
  now?: () => number;
  log?: Log;
}

type PageEnv = { Bindings: PageContext };

/**
 * The relay's own pages: the landing page at the base domain, a status page at every name under it.
 *
 * The connection's {@linkcode PageContext} is passed as the second argument of `fetch`. A browser
 * may use a connection for any name that its certificate covers, and a status page is served under
 * a wildcard: so 421 is answered where the host is not the connection's own, or its user has come
 * online since (RFC 9110 section 15.5.20). Every answer ends its connection and is never cached, so
 * that the next request meets the user.
 */
export function pageApp(options: PageAppOptions): Hono<PageEnv> {
  const {
    baseDomain,
    publicPort = 443,
    statusOf,
    contact,
    now = Date.now,
    log = SILENT_LOG,
  } = options;
  const place: Place = { base: authorityOf(baseDomain, publicPort), contact };
  const app = new Hono<PageEnv>();

  app.use(async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(HEADERS)) c.res.headers.set(name, value);
    await tellLength(c.req.raw, c.res);
  });

  app.use(async (c, next) => {
    const { serverName, host = serverName } = c.env;
    if (serverName === undefined || host !== serverName) return send(c, misdirected(place));
    return await next();
  });

  // Any method has the page of a name: it is there for now, in the place of the user's own, and a
  // refusal of the method would be taken for the user's last word.
  app.all("*", async (c) => {
    const host = c.env.serverName!;
    const username = labelBelow(host, baseDomain);
    if (username !== undefined) {
      const page = namePage(await statusOf(username), {
        ...{ username, place },
        url: ownAddress(c.req.raw),
        notResponding: c.env.notResponding === true,
        restarting: c.env.restarting === true,
        usedUp: c.env.usedUp === true,
        now: now(),
      });
      return send(c, page);
    }
    if (host !== baseDomain) return send(c, misdirected(place));
    if (c.req.method !== "GET" && c.req.method !== "HEAD") {
      return c.text("This page can only be read.\n", 405, { Allow: "GET, HEAD" });
    }
    if (c.req.path === "/robots.txt") return c.text("User-agent: *\nDisallow:\n");
    if (c.req.path === "/favicon.ico") return c.body(null, 204);
    return send(c, basePage(c.req.path, place));
  });

  app.onError((error, c) => {
    log.error("cannot show a page", { error });
    return c.text("The relay has a problem. Please try again in a minute.\n", 500);
  });

  return app;
}

/** Headers of every answer. */
const HEADERS: Readonly<Record<string, string>> = {
  "Cache-Control": "no-store",
  "Connection": "close",
  "Content-Security-Policy": [
    "default-src 'none'",
    `style-src '${sourceHash(STYLE)}'`,
    `script-src '${sourceHash(RETRY_SCRIPT)}'`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "Cross-Origin-Opener-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

/** Sends an answer in a form that is of use to who asks: never a page where a script is expected. */
function send(c: Context<PageEnv>, answer: Answer): Response {
  const { status, page, body, text, retryAfterS } = answer;
  c.header(PAGE_HEADER, page);
  if (retryAfterS !== undefined) c.header("Retry-After", String(retryAfterS));
  const asker = status === 200 ? "navigation" : askerOf(c.req.raw);
  if (asker === "navigation") return c.html(`<!DOCTYPE html>${body}`, status);
  if (asker === "part") return c.text(`${text}\n`, status);
  const detail = retryAfterS === undefined ? text : `${text} Try again in ${retryAfterS} seconds.`;
  const problem = { type: PROBLEM_TYPE + page, title: text, status, detail };
  return c.body(JSON.stringify(problem), status, { "Content-Type": "application/problem+json" });
}

/** The address of a page, relative to itself: so it cannot lead to another host. */
function ownAddress(request: Request): string {
  const { pathname, search } = new URL(request.url);
  return `./${pathname.slice(pathname.lastIndexOf("/") + 1)}${search}`;
}

/** Names an inline style or script in a content security policy. */
function sourceHash(source: string): string {
  return `sha256-${createHash("sha256").update(source).digest("base64")}`;
}
