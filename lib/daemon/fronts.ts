import type { ApiBindings } from "../api/services.ts";
import { isFor, misdirected } from "../api/misdirected.ts";
import type { Log } from "../log.ts";
import { BinarySocket } from "../net/binary_socket.ts";
import type { FrontedConnection } from "../net/fronted_connection.ts";
import { startHttp11 } from "../net/http11_backend.ts";
import { Places } from "../net/places.ts";
import type { Asked } from "../net/plain_server.ts";
import { TextSocket } from "../net/text_socket.ts";
import type { CertificatePair } from "../net/tls_backend.ts";
import { TlsFront } from "../net/tls_front.ts";
import type { ServeSocket, WebSocketRoute } from "../net/web_socket_routes.ts";
import type { PageContext } from "../page/app.tsx";
import type { Arrival } from "../visitor/destinations.ts";
import { DATA_SUBPROTOCOL, MAX_MESSAGE_BYTES, SUBPROTOCOL } from "../wire/messages.ts";

/** How long a connection to the API may be used, unless it is a control WebSocket. */
const API_LIFE_MS = 300_000;

/** Where clients open their WebSockets. */
const CONTROL_PATH = "/v1/control";
const DATA_PATH = "/v1/data";

/** How long a visit to a page may take, handshake and answer included. */
const PAGE_LIFE_MS = 30_000;

/**
 * What browsers are told at the relay's own two names (RFC 6797): for a year, https only.
 *
 * Without `includeSubDomains`: the names below BASE are the users', and it would bind whatever else is
 * served there over plain HTTP, on any port. Nor do users' status pages have it: what is asked of a
 * browser at a user's name is the user's to say.
 */
const STRICT_TRANSPORT = "max-age=31536000";

/** Options for {@linkcode createFronts}. */
export interface FrontsOptions {
  /** Names that the API answers to; an IP address is one that is asked for without SNI. */
  controlNames: readonly string[];
  /** Hosts that tell browsers to use https only. */
  strictHosts: readonly string[];
  /** Connections at once that send the API requests, clients' WebSockets apart. */
  maxRequests: number;
  /** Whom one of an address counts for. */
  addressGroups: (address: string) => readonly string[];
  api: (request: Request, bindings: ApiBindings) => Response | Promise<Response>;
  /** `host` is the one asked for, absent in a request of HTTP/1.0 that names none. */
  page: (
    request: Request,
    host: string | undefined,
    context: PageContext | undefined,
  ) => Response | Promise<Response>;
  /** Handles a client's data connection over WebSocket, from an address, to its end. */
  data: (socket: BinarySocket, address: string) => Promise<void>;
  /** A free path for a socket that nobody else can connect to, another one each time. */
  socketPath: () => string;
  log: Log;
}

/** Where the relay's own TLS ends: the API's and the pages'. */
export interface Fronts {
  control: TlsFront<Arrival>;
  pages: TlsFront<Arrival>;
  /** Serves new connections of both with this certificate from now on. */
  use(pair: CertificatePair): Promise<void>;
  /** Ends the API's connections once what was asked on them is answered: another relay takes requests. */
  endKept(): void;
  stop(): Promise<void>;
}

/**
 * Makes the fronts; they serve nothing before the first `use`.
 *
 * Both speak HTTP/1.1 only: their certificate is good for users' names too, and a browser sends the
 * requests of all of them over one connection of HTTP/2 (RFC 9113 section 9.1.1).
 */
export function createFronts(options: FrontsOptions): Fronts {
  const control = controlFront(options);
  const pages = pagesFront(options);
  return {
    control,
    pages,
    async use(pair) {
      await Promise.all([control.use(pair), pages.use(pair)]);
    },
    endKept: () => control.endKept(),
    async stop() {
      await Promise.all([control.stop(), pages.stop()]);
    },
  };
}

function pagesFront({ strictHosts, page, socketPath, log }: FrontsOptions): TlsFront<Arrival> {
  return new TlsFront<Arrival>({
    name: "pages",
    lifeMs: PAGE_LIFE_MS,
    start: (pair, find, isOwn) =>
      startHttp11({
        pair,
        // The older one is all that curl offers with --http1.0, and what some monitors are.
        alpnProtocols: ["http/1.1", "http/1.0"],
        isOwn,
        socketPath: socketPath(),
        oneAnswer: true,
        handler: (request, { port, host }) =>
          strict(strictHosts, host, page(request, host, find(port)?.info)),
      }),
    log,
  });
}

function controlFront(options: FrontsOptions): TlsFront<Arrival> {
  const { controlNames, strictHosts, maxRequests, addressGroups, socketPath, api, log } = options;
  const requests = new Places({ total: maxRequests });
  return new TlsFront<Arrival>({
    name: "control",
    lifeMs: API_LIFE_MS,
    start(pair, find, isOwn) {
      /** The connection that a request came on, if it is for the API by its SNI and by itself. */
      const findFor: FindFor = ({ port, host }) => {
        const connection = find(port);
        return connection && isFor(controlNames, connection.info.serverName, host)
          ? connection
          : undefined;
      };
      return startHttp11({
        pair,
        isOwn,
        socketPath: socketPath(),
        oneAnswer: false,
        handler(request, asked) {
          const connection = findFor(asked);
          if (connection === undefined) return misdirected(controlNames[0]!);
          const { source } = connection.info.addresses;
          const answer = api(request, { source, transport: connection });
          return strict(strictHosts, asked.host, answer);
        },
        takePlace(port) {
          const connection = find(port);
          return connection &&
            requests.take(...addressGroups(connection.info.addresses.source.address));
        },
        webSockets: [dataRoute(options, findFor), controlRoute(options, findFor)],
      });
    },
    log,
  });
}

/** Finds the connection of what asks for a WebSocket of the API. */
type FindFor = (asked: Asked) => FrontedConnection<Arrival> | undefined;

/** Clients' data connections over WebSocket (PROTOCOL section 5). */
function dataRoute({ data }: FrontsOptions, findFor: FindFor): WebSocketRoute {
  return {
    path: DATA_PATH,
    protocol: DATA_SUBPROTOCOL,
    accept(asked) {
      const connection = findFor(asked);
      if (connection === undefined) return undefined;
      const { addresses, leavePlace } = connection.info;
      connection.keepSilent();
      // Such connections have a table of their own, or visitors could keep clients out.
      leavePlace?.();
      return (conn, rest) => data(new BinarySocket(conn, rest), addresses.source.address);
    },
  };
}

/** Clients' control WebSockets. */
function controlRoute({ api }: FrontsOptions, findFor: FindFor): WebSocketRoute {
  return {
    path: CONTROL_PATH,
    protocol: SUBPROTOCOL,
    async accept(asked, { fields }) {
      const connection = findFor(asked);
      if (connection === undefined) return undefined;
      let onOpen: ((socket: TextSocket) => void) | undefined;
      // The API judges it as any other request. What it refuses is asked again, and answered, by way
      // of the server.
      await api(new Request(`https://${asked.host}${CONTROL_PATH}`, { headers: fields }), {
        source: connection.info.addresses.source,
        transport: connection,
        takeSocket(open) {
          onOpen = open;
          return new Response(null, { status: 204 });
        },
      });
      return onOpen && serveControl(onOpen);
    },
  };
}

/** Tells browsers to use https only, where the host is one of these. */
async function strict(
  hosts: readonly string[],
  host: string | undefined,
  answer: Response | Promise<Response>,
): Promise<Response> {
  const response = await answer;
  if (host !== undefined && hosts.includes(host)) {
    response.headers.set("Strict-Transport-Security", STRICT_TRANSPORT);
  }
  return response;
}

/** Serves a control WebSocket, which is open by then. */
function serveControl(onOpen: (socket: TextSocket) => void): ServeSocket {
  return (conn, rest) => {
    const socket = new TextSocket({ conn, rest, maxBytes: MAX_MESSAGE_BYTES });
    onOpen(socket);
    return socket.run();
  };
}
