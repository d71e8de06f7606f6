import type { ApiBindings } from "../client/api.ts";
import { Problem } from "../client/problem.ts";
import type { Log } from "../log.ts";
import { startHttp11 } from "../net/http11_backend.ts";
import { type CertificatePair, TlsFront } from "../net/tls_front.ts";
import type { PageContext } from "../page/app.tsx";
import type { Arrival } from "../visitor/onward.ts";
import { parseIp } from "../wire/ip_address.ts";

/** How long a connection to the API may be used, unless it is a control WebSocket. */
const API_LIFE_MS = 300_000;

/** How long a visit to a page may take, handshake and answer included. */
const PAGE_LIFE_MS = 30_000;

/** Options for {@linkcode createFronts}. */
export interface FrontsOptions {
  /** Names that the API answers to; an IP address is one that is asked for without SNI. */
  controlNames: readonly string[];
  api: (request: Request, bindings: ApiBindings) => Response | Promise<Response>;
  /** `host` is the one asked for, absent in a request of HTTP/1.0 that names none. */
  page: (
    request: Request,
    host: string | undefined,
    context: PageContext | undefined,
  ) => Response | Promise<Response>;
  log: Log;
}

/** Where the relay's own TLS ends: the API's and the pages'. */
export interface Fronts {
  control: TlsFront<Arrival>;
  pages: TlsFront<Arrival>;
  /** Serves new connections of both with this certificate from now on. */
  use(pair: CertificatePair): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Makes the fronts; they serve nothing before the first `use`.
 *
 * Both speak HTTP/1.1 only: their certificate is good for users' names too, and a browser sends the
 * requests of all of them over one connection of HTTP/2 (RFC 9113 section 9.1.1).
 */
export function createFronts({ controlNames, api, page, log }: FrontsOptions): Fronts {
  const control = new TlsFront<Arrival>({
    name: "control",
    lifeMs: API_LIFE_MS,
    start: (pair, find) =>
      startHttp11({
        pair,
        oneAnswer: false,
        handler(request, { port, host }) {
          const connection = find(port);
          if (connection === undefined || !isFor(controlNames, connection.info.serverName, host)) {
            return misdirected(controlNames[0]!);
          }
          const { source } = connection.info.addresses;
          return api(request, { source, transport: connection });
        },
      }),
    log,
  });
  const pages = new TlsFront<Arrival>({
    name: "pages",
    lifeMs: PAGE_LIFE_MS,
    start: (pair, find) =>
      startHttp11({
        pair,
        oneAnswer: true,
        handler: (request, { port, host }) => page(request, host, find(port)?.info),
      }),
    log,
  });
  return {
    control,
    pages,
    async use(pair) {
      await Promise.all([control.use(pair), pages.use(pair)]);
    },
    async stop() {
      await Promise.all([control.stop(), pages.stop()]);
    },
  };
}

/** Whether a request is for one of these names, by its connection and by itself. */
function isFor(
  names: readonly string[],
  serverName: string | undefined,
  host: string | undefined,
): boolean {
  if (host === undefined || !names.includes(host)) return false;
  // An IP address is never sent as SNI (RFC 6066 section 3).
  return serverName === undefined ? parseIp(host) !== undefined : serverName === host;
}

function misdirected(name: string): Response {
  return new Problem("misdirected", `This is the relay's own address, https://${name}/ only.`, {
    headers: { "Connection": "close" },
  }).response();
}
