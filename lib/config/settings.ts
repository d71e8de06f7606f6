import {
  addressBlock,
  backend,
  base64Secret,
  domain,
  host,
  hostPort,
  integer,
  keyName,
  list,
  namesOrFile,
  oneOf,
  port,
  secret,
  text,
  url,
} from "./values.ts";
import { LOG_LEVELS } from "../log.ts";

/** One setting: how it is named, read, explained, and what holds when it is not set. */
export interface Setting<T> {
  /** The variable's name without its `GLOSSOND_` prefix. */
  name: string;
  /** Turns the text into a value, or throws a TypeError that completes "GLOSSOND_X …". */
  parse: (value: string) => T;
  /** One sentence for `glossond config` and examples/OPERATING.md. */
  help: string;
  /** The text that holds when the variable is not set; absent when there is none. */
  fallback?: string;
  /** The text that holds under `glossond dev` instead. */
  dev?: string;
  /** Whether the value is never shown. */
  secret?: boolean;
  /** Whether a running relay takes a new value on SIGHUP; the others need a restart. */
  live?: boolean;
}

function required<T>(
  name: string,
  parse: (value: string) => T,
  fallback: string,
  help: string,
  options: { dev?: string; live?: boolean } = {},
): Setting<T> {
  return { name, parse, fallback, help, ...options };
}

function optional<T>(
  name: string,
  parse: (value: string) => T,
  help: string,
  options: { dev?: string; secret?: boolean; live?: boolean } = {},
): Setting<T | undefined> {
  return { name, parse, help, ...options };
}

/** Every setting, in the order in which `glossond config` shows them. */
export const SETTINGS = {
  baseDomain: required(
    "BASE_DOMAIN",
    domain,
    "glosson.kaylee.wtf",
    "Users are served at USER.BASE_DOMAIN",
    { dev: "glosson.localhost" },
  ),
  settingsFile: optional(
    "SETTINGS_FILE",
    text,
    "More settings, in dotenv syntax; the environment's go before; read again on SIGHUP",
  ),
  stateDir: required("STATE_DIR", text, "./state", "Folder of the database and certificates", {
    dev: "./state/dev",
  }),
  secretsFile: required(
    "SECRETS_FILE",
    text,
    "./.secrets",
    "Secrets in dotenv syntax: POWERDNS_API_KEY or RFC2136_KEY_SECRET",
  ),
  bioScript: required(
    "GET_BIO_SCRIPT",
    text,
    "./get_bio.py",
    "Python program that prints a user's public bio",
    { dev: "./get_bio.example.py", live: true },
  ),

  hubHost: required("HUB_HOST", host, "127.0.0.1", "Address of the hub: visitors' TLS"),
  hubPort: required(
    "HUB_PORT",
    port,
    "4430",
    "Port of the hub; 0 takes a free one, as for every port",
  ),
  dataHost: required("DATA_HOST", host, "0.0.0.0", "Address of the clients' data connections", {
    dev: "127.0.0.1",
  }),
  dataPort: required("DATA_PORT", port, "9000", "Port of the clients' data connections"),
  controlHost: required("CONTROL_HOST", host, "127.0.0.1", "Address of the HTTPS API"),
  controlPort: required("CONTROL_PORT", port, "9443", "Port of the HTTPS API"),
  pagesHost: required("PAGES_HOST", host, "127.0.0.1", "Address of the relay's own pages"),
  pagesPort: required("PAGES_PORT", port, "8444", "Port of the relay's own pages"),
  adminHost: required("ADMIN_HOST", host, "127.0.0.1", "Address of /healthz, /readyz and /metrics"),
  adminPort: required("ADMIN_PORT", port, "8445", "Port of /healthz, /readyz and /metrics"),
  httpHost: required("HTTP_HOST", host, "0.0.0.0", "Address of the redirect from http to https"),
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
    host,
    "Data host announced to clients; default relay.BASE_DOMAIN",
    { dev: "127.0.0.1" },
  ),
  publicDataPort: optional(
    "PUBLIC_DATA_PORT",
    port,
    "Data port announced to clients; default the data port",
  ),
  fallbackBackend: optional(
    "FALLBACK_BACKEND",
    backend,
    "Where TLS for other names goes, host:port, with ?proxy=v2 for a PROXY header",
  ),
  proxyProtocolFrom: required(
    "PROXY_PROTOCOL_FROM",
    list(addressBlock),
    "",
    "Addresses whose connections to the hub and control port begin with a PROXY header",
    { live: true },
  ),
  contact: optional("CONTACT", text, "Address for reports of abuse, shown on the pages", {
    live: true,
  }),

  authority: required(
    "AUTHORITY",
    oneOf("acme", "local"),
    "acme",
    "Who signs certificates: acme, an ACME server, or local, the embedded one for trials",
    { dev: "local" },
  ),
  acmeDirectoryUrl: required(
    "ACME_DIRECTORY_URL",
    url,
    "https://acme-v02.api.letsencrypt.org/directory",
    "The ACME server",
  ),
  acmeEmail: optional("ACME_EMAIL", text, "Contact of the ACME account; required with acme"),
  acmeCaFile: optional("ACME_CA_FILE", text, "PEM file to trust a private ACME server by"),
  acmeProfile: optional("ACME_PROFILE", text, "ACME certificate profile to ask for"),
  dns: required(
    "DNS",
    oneOf("powerdns", "rfc2136"),
    "powerdns",
    "How the zone is written to: powerdns, its HTTP API, or rfc2136, dynamic update with TSIG",
  ),
  pdnsApiUrl: optional(
    "PDNS_API_URL",
    url,
    "The PowerDNS HTTP API; required with acme and powerdns",
  ),
  pdnsServerId: required(
    "PDNS_SERVER_ID",
    text,
    "localhost",
    "Server name within the PowerDNS API",
  ),
  pdnsApiKey: optional(
    "POWERDNS_API_KEY",
    secret,
    "Key of the PowerDNS API; better in the secrets file, there without prefix",
    { secret: true, live: true },
  ),
  rfc2136Server: optional(
    "RFC2136_SERVER",
    hostPort,
    "The zone's primary, host:port; required with acme and rfc2136",
  ),
  rfc2136KeyName: optional(
    "RFC2136_KEY_NAME",
    keyName,
    "Name of the key that signs what it is asked; required with acme and rfc2136",
    { live: true },
  ),
  rfc2136KeyAlgorithm: required(
    "RFC2136_KEY_ALGORITHM",
    oneOf("hmac-sha256", "hmac-sha384", "hmac-sha512"),
    "hmac-sha256",
    "The key's algorithm: hmac-sha256, hmac-sha384 or hmac-sha512",
    { live: true },
  ),
  rfc2136KeySecret: optional(
    "RFC2136_KEY_SECRET",
    base64Secret,
    "The key's secret, base64; better in the secrets file, there without prefix",
    { secret: true, live: true },
  ),
  dnsServers: required(
    "DNS_SERVERS",
    list(hostPort),
    "",
    "Servers asked for challenge records, ip:port; default the zone's own",
  ),
  certificatesPerWeek: required(
    "CERTIFICATES_PER_WEEK",
    integer(1, 1_000_000),
    "45",
    "New users' certificates a week; Let's Encrypt allows 50 a registered domain",
  ),

  reservedNames: required(
    "RESERVED_NAMES",
    namesOrFile,
    "",
    "Names that no user may claim, besides the built-in ones: a list, or the path of a file with them",
    { live: true },
  ),
  claimsPerHour: required(
    "CLAIMS_PER_HOUR",
    integer(1, 1_000_000),
    "30",
    "Claims an address may make an hour",
  ),
  verificationsPerClaim: required(
    "VERIFICATIONS_PER_CLAIM",
    integer(1, 10_000),
    "20",
    "Times a claim may be checked",
  ),
  certificatesPerDay: required(
    "CERTIFICATES_PER_DAY",
    integer(1, 10_000),
    "5",
    "Certificate requests an account may make a day",
  ),
  maxVisitors: required(
    "MAX_VISITORS",
    integer(1, 1_000_000),
    "4000",
    "Visitors' connections at once",
  ),
  maxVisitorsPerUser: required(
    "MAX_VISITORS_PER_USER",
    integer(1, 1_000_000),
    "1000",
    "Visitors' connections to one user at once",
  ),
  maxVisitorsPerAddress: required(
    "MAX_VISITORS_PER_ADDRESS",
    integer(1, 1_000_000),
    "200",
    "Connections of one visitor's address (IPv6: /64) at once; loopback is not counted",
  ),
  maxHellos: required(
    "MAX_HELLOS",
    integer(1, 1_000_000),
    "4000",
    "Visitors whose first bytes are awaited at once",
  ),
  hellosPerSecond: required(
    "HELLOS_PER_SECOND",
    integer(1, 1_000_000),
    "50",
    "New connections of one visitor's address (IPv6: /64) a second; loopback is not counted",
  ),
  helloBurst: required(
    "HELLO_BURST",
    integer(1, 1_000_000),
    "200",
    "New connections of it at once before that rate holds",
  ),
  requestsPerSecond: required(
    "REQUESTS_PER_SECOND",
    integer(1, 1_000_000),
    "50",
    "Requests of the API of one address (IPv6: /64) a second; loopback is not counted",
  ),
  requestBurst: required(
    "REQUEST_BURST",
    integer(1, 1_000_000),
    "300",
    "Requests of it at once before that rate holds",
  ),
  maxPages: required(
    "MAX_PAGES",
    integer(1, 1_000_000),
    "500",
    "Visits to the relay's own pages at once",
  ),
  maxClients: required("MAX_CLIENTS", integer(1, 1_000_000), "5000", "Clients online at once"),
  maxParked: required(
    "MAX_PARKED",
    integer(1, 1_000_000),
    "10000",
    "Data connections that clients keep parked at once, all together",
  ),
  maxDataSockets: required(
    "MAX_DATA_SOCKETS",
    integer(1, 1_000_000),
    "1000",
    "Data connections of clients over WebSocket at once, parked or joined",
  ),

  answerSeconds: required(
    "ANSWER_SECONDS",
    integer(1, 600),
    "10",
    "How long a client that is joined with a visitor may take for its first byte",
  ),
  idleHours: required(
    "IDLE_HOURS",
    integer(1, 4_000),
    "168",
    "Hours without a byte from visitor or client after which their connection is closed",
  ),
  drainSeconds: optional(
    "DRAIN_SECONDS",
    integer(0, 86_400),
    "How long visitors may finish when the relay stops (10 unless set), or another takes its place (3600)",
    { dev: "0", live: true },
  ),

  log: required(
    "LOG",
    oneOf("text", "json"),
    "text",
    "Form of the log on standard error: text or json",
  ),
  logLevel: required(
    "LOG_LEVEL",
    oneOf(...LOG_LEVELS),
    "info",
    "Lowest level that is logged: debug, info, warn or error",
    {
      live: true,
    },
  ),
} satisfies Record<string, Setting<unknown>>;

/** The settings' values, as the daemon takes them. */
export type Settings = {
  [K in keyof typeof SETTINGS]: (typeof SETTINGS)[K] extends Setting<infer T> ? T : never;
};
