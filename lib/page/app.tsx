/**
 * The relay's own pages; a module of texts a language. Imports the ground floor and `look`.
 *
 * @module
 */
import { Hono } from "hono";
import { type Log, SILENT_LOG } from "../log.ts";
import { responseTo } from "../look/answer.ts";
import { asksForPage } from "../look/asker.ts";
import { withPageHeaders } from "../look/headers.ts";
import { askedBy } from "../look/tell.tsx";
import { tellLength } from "../net/head_length.ts";
import { labelBelow } from "../wire/names.ts";
import { basePage, misdirected, namePage, type NameStatus, relayPage } from "./answers.tsx";
import type { RelayInfo } from "./relay_info.ts";

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
  relay: RelayInfo;
  /** How a name under the base domain stands, asked for every request. */
  statusOf: (username: string) => Promise<NameStatus>;
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
 * online since (RFC 9110 section 15.5.20); of the latter a program that sends something is told by 503.
 * Every answer ends its connection and is never cached, so that the next request meets the user.
 */
export function pageApp(options: PageAppOptions): Hono<PageEnv> {
  const { baseDomain, relay, statusOf, now = Date.now, log = SILENT_LOG } = options;
  const app = new Hono<PageEnv>();

  app.use(async (c, next) => {
    await next();
    withPageHeaders(c.res);
    // So that the next request meets the user.
    c.res.headers.set("Connection", "close");
    await tellLength(c.req.raw, c.res);
  });

  app.use(async (c, next) => {
    const { serverName, host = serverName } = c.env;
    if (serverName !== undefined && host === serverName) return await next();
    return responseTo(c.req.raw, misdirected({ ...askedBy(c.req.raw), relay }));
  });

  // Any method has the page of a name: it is there for now, in the place of the user's own, and a
  // refusal of the method would be taken for the user's last word.
  app.all("*", async (c) => {
    const host = c.env.serverName!;
    const asked = { ...askedBy(c.req.raw), relay };
    const username = labelBelow(host, baseDomain);
    if (username !== undefined) {
      const page = namePage(await statusOf(username), {
        ...asked,
        username,
        notResponding: c.env.notResponding === true,
        restarting: c.env.restarting === true,
        usedUp: c.env.usedUp === true,
        comesAnew: c.req.raw.headers.has("Sec-Fetch-Mode"),
        now: now(),
      });
      return responseTo(c.req.raw, page);
    }
    if (host !== baseDomain) return responseTo(c.req.raw, misdirected(asked));
    if (asked.sent) {
      return c.text("This page can only be read.\n", 405, { Allow: "GET, HEAD" });
    }
    if (c.req.path === "/robots.txt") return c.text("User-agent: *\nDisallow:\n");
    if (c.req.path === "/favicon.ico") return c.body(null, 204);
    return responseTo(c.req.raw, basePage(c.req.path, asked));
  });

  app.onError((error, c) => {
    log.error("cannot show a page", { error });
    return c.text("The relay has a problem. Please try again in a minute.\n", 500);
  });

  return app;
}

/**
 * The page at the address of the API, where a person opens that in a browser; undefined where the API
 * is asked.
 */
export function apiHostPage(request: Request, relay: RelayInfo): Promise<Response> | undefined {
  if (new URL(request.url).pathname !== "/" || !asksForPage(request)) return undefined;
  const asked = { ...askedBy(request), relay };
  if (asked.sent) return undefined;
  const response = withPageHeaders(responseTo(request, relayPage(asked)));
  return tellLength(request, response).then(() => response);
}
