import { host, publicHost, relayId } from "./hosts.ts";
import { MOST_PROCESSES } from "./processes.ts";
import { optional, required } from "./setting.ts";
import { addressBlock, backend, integer, list, port } from "./values.ts";

/** Where the relay listens, and where it can be reached. */
export const LISTENER_SETTINGS = {
  hubHost: required("HUB_HOST", host, "127.0.0.1", "Address of the hub: visitors' TLS"),
  hubPort: required(
    "HUB_PORT",
    port,
    "4430",
    "Port of the hub; 0 takes a free one, as for every port",
  ),
  dataHost: required(
    "DATA_HOST",
    host,
    "::",
    "Address of the clients' data connections; :: is every one, of IPv4 too",
    { dev: "127.0.0.1" },
  ),
  dataPort: required("DATA_PORT", port, "9000", "Port of the clients' data connections"),
  controlHost: required("CONTROL_HOST", host, "127.0.0.1", "Address of the HTTPS API"),
  controlPort: required("CONTROL_PORT", port, "9443", "Port of the HTTPS API"),
  pagesHost: required("PAGES_HOST", host, "127.0.0.1", "Address of the relay's own pages"),
  pagesPort: required("PAGES_PORT", port, "8444", "Port of the relay's own pages"),
  adminHost: required("ADMIN_HOST", host, "127.0.0.1", "Address of /healthz, /readyz and /metrics"),
  adminPort: required("ADMIN_PORT", port, "8445", "Port of /healthz, /readyz and /metrics"),
  httpHost: required("HTTP_HOST", host, "::", "Address of the redirect from http to https"),
  httpPort: optional(
    "HTTP_PORT",
    port,
    "Port of the redirect from http to https; off when not set",
  ),

  publicPort: required(
    "PUBLIC_PORT",
    port,
    "443",
    "Port at which visitors reach the hub; 0 is the hub's own",
    { dev: "0" },
  ),
  publicDataHost: optional(
    "PUBLIC_DATA_HOST",
    publicHost,
    "Data host announced to clients; default relay.BASE_DOMAIN",
    { dev: "127.0.0.1" },
  ),
  publicDataPort: optional(
    "PUBLIC_DATA_PORT",
    integer(1, 65_535, "a port"),
    "Data port announced to clients; default the data port",
  ),
  fallbackBackend: optional(
    "FALLBACK_BACKEND",
    backend,
    "Where TLS for other names goes, host:port, with ?proxy=v2 for a PROXY header",
  ),
  httpFallbackBackend: optional(
    "HTTP_FALLBACK_BACKEND",
    backend,
    "host:port that gets plain HTTP on HTTP_PORT for hosts that are not the relay's; ?proxy=v2 behind it for a PROXY header",
  ),
  proxyProtocolFrom: required(
    "PROXY_PROTOCOL_FROM",
    list(addressBlock),
    "",
    "Addresses whose connections to the hub and control port begin with a PROXY header, behind a SOCKS4 request if they send one",
    { live: true },
  ),
  relayId: optional(
    "RELAY_ID",
    relayId,
    "What this relay is called among those that share its database; default the machine's host name",
  ),
  processes: required(
    "PROCESSES",
    integer(1, MOST_PROCESSES),
    "1",
    "Processes that serve together, one a core, each with a data port, DATA_PORT and the next ones; more than 1 needs DATABASE_URL",
  ),
  metricsUsers: required(
    "METRICS_USERS",
    integer(0, 10_000),
    "0",
    "How many users /metrics names, each with two counters; 0: none, the others count together",
  ),
};
