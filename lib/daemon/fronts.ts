import type { ApiBindings } from "../client/api.ts";
import type { Log } from "../log.ts";
import { startHttp11 } from "../net/http11_backend.ts";
import { startHttps } from "../net/https_backend.ts";
import { type CertificatePair, TlsFront } from "../net/tls_front.ts";
import type { PageContext } from "../page/app.tsx";
import type { Arrival } from "../visitor/onward.ts";

/** How long a connection to the API may be used, unless it is a control WebSocket. */
const API_LIFE_MS = 300_000;

/** How long a visit to a page may take, handshake and answer included. */
const PAGE_LIFE_MS = 30_000;

/** Options for {@linkcode createFronts}. */
export interface FrontsOptions {
  api: (request: Request, bindings: ApiBindings) => Response | Promise<Response>;
  page: (request: Request, context: PageContext | undefined) => Response | Promise<Response>;
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

/** Makes the fronts; they serve nothing before the first `use`. */
export function createFronts({ api, page, log }: FrontsOptions): Fronts {
  const control = new TlsFront<Arrival>({
    name: "control",
    lifeMs: API_LIFE_MS,
    start: (pair, find) =>
      startHttps(pair, (request, port) => {
        const connection = find(port);
        if (connection === undefined) return new Response(null, { status: 421 });
        const { source } = connection.info.addresses;
        return api(request, { source, transport: connection });
      }),
    log,
  });
  const pages = new TlsFront<Arrival>({
    name: "pages",
    lifeMs: PAGE_LIFE_MS,
    start: (pair, find) => startHttp11(pair, (request, port) => page(request, find(port)?.info)),
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
