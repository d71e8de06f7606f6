import type { Log } from "../../lib/log.ts";
import type { RunOptions } from "./run_arguments.ts";
import type { Handler } from "./front/exchange.ts";
import { siteHandler } from "./front/site.ts";
import { builtInPage } from "./pages/built_in_page.ts";
import { upstreamHandler } from "./proxy/pass.ts";
import { readPem } from "./read_pem.ts";
import { staticFiles } from "./static_files.ts";

/** Least limit of connections to the app: what a few browsers ask for at once over HTTP/2. */
const MIN_CONNECTIONS = 256;

/** What a page needs to know besides what the person asked for. */
export interface PageWorld {
  hostname: string;
  /** Folder of which nothing is ever served. */
  secrets: string;
  log: Log;
}

/**
 * What answers visitors: the web app, the folder, or the built-in page.
 *
 * @throws {Error} with a message for the person, if a file or folder is of no use.
 */
export async function pageHandler(options: RunOptions, world: PageWorld): Promise<Handler> {
  const { upstream, upstreamCa, dir, appHost } = options;
  const { hostname, secrets, log } = world;
  if (upstream === undefined) {
    return siteHandler(
      dir === undefined ? builtInPage(hostname) : await staticFiles(dir, secrets, log),
    );
  }
  return upstreamHandler({
    upstream,
    trust: {
      ca: upstreamCa === undefined
        ? undefined
        : await readPem(upstreamCa, "the authorities given with --upstream-ca"),
      insecure: options.insecureUpstream,
    },
    sentHost: appHost === "visitor" ? undefined : appHost === "app" ? upstream.host : appHost,
    silence: options.appSilenceMs,
    maxConnections: Math.max(MIN_CONNECTIONS, 2 * options.maxVisitors),
    log,
  });
}
