/**
 * Every page that relay and client show by themselves, with plausible words in it.
 *
 * @module
 */
import {
  appDown,
  appSilent,
  filesAway,
  noIndex,
  nothingHere,
  online,
  tooMuch,
} from "../../examples/client/pages/answers.tsx";
import { ownPage } from "../../examples/client/pages/own_page.ts";
import { SETTINGS } from "../../lib/config/settings.ts";
import type { NameStatus } from "../../lib/page/answers.tsx";
import { apiHostPage, pageApp, type PageContext } from "../../lib/page/app.tsx";
import type { RelayInfo } from "../../lib/page/relay_info.ts";

const BASE = SETTINGS.baseDomain.fallback!;

const NOW = Date.UTC(2026, 5, 4, 14, 5);
const HOUR_MS = 3_600_000;

/** The defaults, and what an operator is likely to add. */
const RELAY: RelayInfo = {
  base: BASE,
  contact: `abuse@${BASE}`,
  installCommand: SETTINGS.installCommand.fallback!,
  clientCommand: SETTINGS.clientCommand.fallback!,
  clientUrl: SETTINGS.clientUrl.fallback!,
  sourceUrl: "https://example.org/glossond",
  profiles: { name: "example.org", url: "https://example.org/" },
  credit: SETTINGS.credit.fallback!,
};

/** Shows a page to who asks, whatever they ask for. */
export type ShowPage = (request: Request) => Response | Promise<Response>;

/** A page at a user's name, with what is known of the user and the connection. */
function userPage(status: NameStatus, context: PageContext = {}, username = "kaylee"): ShowPage {
  const serverName = `${username}.${BASE}`;
  const app = pageApp({
    baseDomain: BASE,
    relay: RELAY,
    statusOf: () => Promise.resolve(status),
    now: () => NOW,
  });
  return (request) => app.fetch(request, { host: serverName, serverName, ...context });
}

/** A page at the base domain. */
function basePage(path: string): ShowPage {
  const app = pageApp({
    baseDomain: BASE,
    relay: RELAY,
    statusOf: () => Promise.resolve({ state: "unknown" }),
  });
  return (request) => app.fetch(asked(request, path), { host: BASE, serverName: BASE });
}

/** The same request for another path, as a browser makes it that shows the page to a person. */
function asked({ url, method, headers }: Request, path: string): Request {
  const navigation = { "Sec-Fetch-Mode": "navigate" };
  return new Request(new URL(path, url), {
    method,
    headers: { ...Object.fromEntries(headers), ...navigation },
  });
}

const AWAY =
  "On holiday until Sunday. Messages are answered after that, in the order they came in.";

/** Every page by its name. */
export const EVERY_PAGE: Readonly<Record<string, ShowPage>> = {
  "landing": basePage("/"),
  "not-found": basePage("/nothing"),
  "relay": (request) => apiHostPage(asked(request, "/"), RELAY)!,
  "offline": userPage({ state: "offline", lastOnlineAt: NOW - 3 * HOUR_MS }),
  "offline-away": userPage({ state: "offline", lastOnlineAt: NOW - 400 * HOUR_MS, away: AWAY }),
  "offline-long": userPage({ state: "offline" }, {}, `${"verylong".repeat(7)}-name`),
  "setup": userPage({ state: "setup" }),
  "not-responding": userPage({ state: "online" }, { notResponding: true }),
  "unreachable": userPage({ state: "online", unreachable: true }, { notResponding: true }),
  "restarting": userPage({ state: "offline" }, { restarting: true }),
  "unclear": userPage({ state: "unclear" }),
  "used-up": userPage({ state: "online" }, { usedUp: true }),
  "unknown-name": userPage({ state: "unknown" }),
  "suspended": userPage({ state: "suspended" }),
  "misdirected": userPage({ state: "online" }),
  "client-online": (request) => ownPage(request, online(`kaylee.${BASE}`)),
  "client-nothing-here": (request) => ownPage(request, nothingHere),
  "client-no-index": (request) => ownPage(request, noIndex),
  "client-files-away": (request) => ownPage(request, filesAway),
  "client-app-down": (request) => ownPage(request, appDown),
  "client-app-silent": (request) => ownPage(request, appSilent),
  "client-too-much": (request) => ownPage(request, tooMuch),
};

/** Serves the pages, each at its name, on a free port of this machine until it is disposed of. */
export function serveEveryPage(): AsyncDisposable & { url: (name: string) => string } {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const show = EVERY_PAGE[new URL(request.url).pathname.slice(1)];
    return show?.(request) ?? new Response("No such page", { status: 404 });
  });
  return {
    url: (name) => `http://127.0.0.1:${server.addr.port}/${name}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
