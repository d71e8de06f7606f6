import { createPowerDns } from "../../../lib/dns/power_dns.ts";
import type { DnsProvider } from "../../../lib/dns/provider.ts";
import { freePort } from "../../../scripts/ports.ts";
import { must } from "../../../scripts/run.ts";
import { type Server, startServer } from "../../../scripts/server.ts";
import { temporaryFolder } from "../../certificate/helpers.ts";

/** How long a server may take to answer, milliseconds: Pebble makes its keys first, which takes a busy machine long. */
const START_TIMEOUT_MS = 60_000;

/** The API key of the PowerDNS servers started here. */
export const API_KEY = "test-key";

const SCHEMA = "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql";

/** A server process of a test; ends with its scope. */
export interface RestartableServer extends AsyncDisposable {
  /** Ends it, as an outage would. */
  stop(): Promise<void>;
  /** Starts it again with the same data. */
  restart(): Promise<void>;
}

/** A server that holds a zone, whatever it is. */
export interface ZoneServer extends RestartableServer {
  dnsPort: number;
  /** What a relay writes to it by. */
  provider(): DnsProvider;
  /** How a relay is told to write to it. */
  relay: {
    /** Without their prefix. */
    settings: Record<string, string>;
    /** Text of the secrets file. */
    secrets: string;
  };
}

/** A PowerDNS with its HTTP API and an SQLite backend. */
export interface PowerDnsServer extends ZoneServer {
  apiUrl: string;
  /** Calls the API below `/api/v1/servers/localhost`; throws on a failure. */
  api(method: string, path: string, body?: unknown): Promise<unknown>;
  /** The TXT values at a name as the database has them, unquoted. */
  txt(name: string): Promise<string[]>;
  /** Rows of the database at a name and below it, those without a record (RFC 4592) too. */
  rows(name: string): Promise<string[]>;
}

/** What {@linkcode startPowerDns} starts. */
export interface PowerDnsOptions {
  /** Zones held as primary, with their name servers; `ns1` by default. */
  zones?: string[];
  /** What this server pulls zones from, and may be told to pull by; makes it a secondary. */
  secondaryOf?: { port: number; zones: string[] };
  /** Ports of secondaries to notify. */
  notify?: number[];
  dnsPort?: number;
  /** Addresses that answer DNS questions. @default {["127.0.0.1"]} */
  addresses?: string[];
}

/** Starts Debian's pdns-server on loopback. */
export async function startPowerDns(options: PowerDnsOptions = {}): Promise<PowerDnsServer> {
  const folder = temporaryFolder();
  const { zones = [], secondaryOf, notify = [], addresses = ["127.0.0.1"] } = options;
  const apiPort = freePort();
  const dnsPort = options.dnsPort ?? freeDnsPort();
  const database = `${folder.path}/pdns.sqlite`;
  await must("sqlite3", [database, `.read ${SCHEMA}`]);
  await Deno.writeTextFile(
    `${folder.path}/pdns.conf`,
    [
      "launch=gsqlite3",
      `gsqlite3-database=${database}`,
      "gsqlite3-dnssec=yes",
      `local-address=${addresses.join()}`,
      `local-port=${dnsPort}`,
      "api=yes",
      `api-key=${API_KEY}`,
      "webserver=yes",
      "webserver-address=127.0.0.1",
      `webserver-port=${apiPort}`,
      "webserver-allow-from=127.0.0.1",
      `socket-dir=${folder.path}`,
      "daemon=no",
      "guardian=no",
      "write-pid=no",
      "loglevel=4",
      secondaryOf ? "secondary=yes" : "primary=yes",
      "allow-axfr-ips=127.0.0.1",
      "xfr-cycle-interval=3600",
      // Nobody but the secondaries of this test is told of changes.
      "only-notify=",
      ...(notify.length ? [`also-notify=${notify.map((port) => `127.0.0.1:${port}`).join()}`] : []),
    ].join("\n"),
  );
  const apiUrl = `http://127.0.0.1:${apiPort}`;

  async function api(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(`${apiUrl}/api/v1/servers/localhost${path}`, {
      method,
      headers: { "X-API-Key": API_KEY },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : text;
  }

  const server = await startProcess(
    "pdns_server",
    [`--config-dir=${folder.path}`],
    {},
    () => api("GET", "/zones"),
    () => folder[Symbol.asyncDispose](),
  );
  for (const zone of zones) {
    await api("POST", "/zones", {
      name: `${zone}.`,
      kind: notify.length ? "Master" : "Native",
      nameservers: [`ns1.${zone}.`],
    });
  }
  for (const zone of secondaryOf?.zones ?? []) {
    await api("POST", "/zones", {
      name: `${zone}.`,
      kind: "Slave",
      masters: [`127.0.0.1:${secondaryOf?.port}`],
      nameservers: [],
    });
    await api("PUT", `/zones/${zone}./axfr-retrieve`);
  }
  return {
    ...server,
    apiUrl,
    dnsPort,
    provider: () => createPowerDns({ apiUrl, apiKey: API_KEY }),
    relay: { settings: { PDNS_API_URL: apiUrl }, secrets: `POWERDNS_API_KEY=${API_KEY}\n` },
    api,
    async txt(name: string): Promise<string[]> {
      const lines = await must("sqlite3", [
        "-cmd",
        ".timeout 5000",
        database,
        `SELECT content FROM records WHERE type = 'TXT' AND name = '${name}' ORDER BY content`,
      ]);
      return lines.split("\n").filter(Boolean).map((line) => line.replace(/^"|"$/g, ""));
    },
    async rows(name: string): Promise<string[]> {
      const lines = await must("sqlite3", [
        "-cmd",
        ".timeout 5000",
        database,
        `SELECT name, type, content FROM records WHERE name = '${name}' OR name LIKE '%.${name}'`,
      ]);
      return lines.split("\n").filter(Boolean);
    },
  };
}

/** An ACME server. */
export interface PebbleServer extends RestartableServer {
  directoryUrl: string;
  /** Trust for its HTTPS, PEM. */
  caPem: string;
  /** The root of the certificates that it signs, PEM; another after each start. */
  root(): Promise<string>;
}

/** What {@linkcode startPebble} starts. */
export interface PebbleOptions {
  /** The DNS server that answers its challenges. */
  dnsPort: number;
  /** Share of good nonces that it refuses, in percent. @default {0} */
  nonceReject?: number;
  /** How often it holds a name for proven that was proved before, in percent. @default {0} */
  authzReuse?: number;
  /** Lifetime of the certificates that it signs, in seconds. @default {90 days} */
  validityS?: number;
  /** Keys, base64url, of the accounts that those here have to be bound to, by their ids. @default none */
  externalAccounts?: Record<string, string>;
  /** Longest pause before it looks at a challenge, in seconds. @default {0} */
  sleepS?: number;
  /** Port at which it asks names for TLS-ALPN-01. @default {5001} */
  tlsPort?: number;
}

/** Starts Debian's pebble on loopback, which validates without the pauses that it makes at will. */
export async function startPebble(options: PebbleOptions): Promise<PebbleServer> {
  const { dnsPort, nonceReject = 0, validityS = 90 * 86_400, sleepS = 0, externalAccounts } =
    options;
  const { tlsPort = 5001, authzReuse = 0 } = options;
  const folder = temporaryFolder();
  const port = freePort();
  const managementPort = freePort();
  const tls = `${folder.path}/tls`;
  await must("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
    ...["-keyout", `${tls}.key`, "-out", `${tls}.pem`, "-days", "2", "-subj", "/CN=pebble"],
    ...["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
    ...["-addext", "basicConstraints=critical,CA:FALSE"],
  ]);
  await Deno.writeTextFile(
    `${folder.path}/pebble.json`,
    JSON.stringify({
      pebble: {
        listenAddress: `127.0.0.1:${port}`,
        managementListenAddress: `127.0.0.1:${managementPort}`,
        certificate: `${tls}.pem`,
        privateKey: `${tls}.key`,
        httpPort: 5002,
        tlsPort,
        certificateValidityPeriod: validityS,
        ...(externalAccounts !== undefined && {
          externalAccountBindingRequired: true,
          externalAccountMACKeys: externalAccounts,
        }),
      },
    }),
  );
  const caPem = await Deno.readTextFile(`${tls}.pem`);
  const client = Deno.createHttpClient({ caCerts: [caPem] });
  const directoryUrl = `https://localhost:${port}/dir`;
  const get = async (url: string): Promise<string> => (await fetch(url, { client })).text();
  const server = await startProcess(
    "pebble",
    ["-config", `${folder.path}/pebble.json`, "-dnsserver", `127.0.0.1:${dnsPort}`],
    {
      ...(sleepS > 0 ? { PEBBLE_VA_SLEEPTIME: String(sleepS) } : { PEBBLE_VA_NOSLEEP: "1" }),
      PEBBLE_WFE_NONCEREJECT: String(nonceReject),
      PEBBLE_AUTHZREUSE: String(authzReuse),
    },
    () => get(directoryUrl),
    async () => {
      client.close();
      await folder[Symbol.asyncDispose]();
    },
  );
  return {
    ...server,
    directoryUrl,
    caPem,
    root: () => get(`https://localhost:${managementPort}/roots/0`),
  };
}

/** Starts a program, and waits until it answers. */
export async function startProcess(
  program: string,
  args: string[],
  env: Record<string, string>,
  answers: () => Promise<unknown>,
  cleanUp: () => Promise<void>,
): Promise<RestartableServer> {
  let server: Server | undefined;

  async function restart(): Promise<void> {
    server = await startServer(program, [program, ...args], {
      env,
      isUp: () => answers().then(() => true, () => false),
      withinMs: START_TIMEOUT_MS,
    });
  }

  async function stop(): Promise<void> {
    await server?.end("SIGKILL");
  }

  try {
    await restart();
  } catch (error) {
    await cleanUp();
    throw error;
  }
  return {
    restart,
    stop,
    async [Symbol.asyncDispose](): Promise<void> {
      await stop();
      await cleanUp();
    },
  };
}

/** A port that was free a moment ago for TCP and UDP alike. */
export function freeDnsPort(): number {
  for (;;) {
    const port = freePort();
    // No socket of Deno's for UDP without a flag: the kernel's list tells which ports are taken.
    const taken = Deno.readTextFileSync("/proc/net/udp").toUpperCase();
    if (!taken.includes(`:${port.toString(16).toUpperCase().padStart(4, "0")} `)) return port;
  }
}
