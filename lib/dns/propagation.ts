import { type HostPort, writeHostPort } from "../config/values.ts";
import { pause } from "../net/pause.ts";
import { hostAddresses } from "./host_addresses.ts";
import { type DnsProvider, type DnsZone, nameServersOf } from "./provider.ts";

/** How long all authoritative servers may take to answer with a value. */
const PROPAGATION_TIMEOUT_MS = 180_000;

/** How long one query may take, and the first and longest pause between rounds. */
const QUERY_TIMEOUT_MS = 3_000;

/** How long a server's other addresses may take once one has answered with everything. */
const GRACE_MS = 1_000;

const ROUND_START_MS = 100;
const ROUND_CAP_MS = 3_000;

const DNS_PORT = 53;

/** One address of an authoritative server. */
export interface DnsServer {
  /** What people know it by. */
  label: string;
  address: string;
  port: number;
}

/**
 * An authoritative server with all its addresses, IPv4 and IPv6: which of them can be reached depends
 * on who asks.
 */
export interface NameServer {
  /** What people know it by. */
  label: string;
  addresses: DnsServer[];
}

/** The queries that {@linkcode waitForTxt} and {@linkcode authoritativeServers} make. */
export interface DnsQueries {
  /**
   * Values of all TXT records at a name as this server has them; rejects with `NotFound` when it
   * answers that it has none, and with another error when it does not answer.
   */
  txt(name: string, server: DnsServer, signal: AbortSignal): Promise<string[]>;
  /** Serial of a zone as this server has it. */
  serial(zone: string, server: DnsServer, signal: AbortSignal): Promise<number>;
  /** Addresses of a name server, by this machine's resolver. */
  addresses(host: string): Promise<string[]>;
}

/** Queries over the network. */
const networkQueries: DnsQueries = {
  async txt(name, { address, port }, signal) {
    const nameServer = { ipAddr: address, port };
    const records = await Deno.resolveDns(`${name}.`, "TXT", { nameServer, signal });
    return records.map((strings) => strings.join(""));
  },
  async serial(zone, { address, port }, signal) {
    const nameServer = { ipAddr: address, port };
    const [soa] = await Deno.resolveDns(`${zone}.`, "SOA", { nameServer, signal });
    if (soa === undefined) throw new Error("no SOA");
    return soa.serial;
  },
  addresses: hostAddresses,
};

/**
 * The servers that a certificate authority may ask: those configured, else the zone's name servers, as
 * the provider that holds it has them.
 *
 * @param configured each by its IP address.
 * @throws {Error} when the zone's name servers cannot be found.
 */
export async function authoritativeServers(
  dns: Pick<DnsProvider, "read">,
  zone: DnsZone,
  configured: readonly HostPort[],
  queries: DnsQueries = networkQueries,
): Promise<NameServer[]> {
  if (configured.length > 0) {
    return configured.map((at) => {
      const label = writeHostPort(at);
      return { label, addresses: [{ label, address: at.host, port: at.port }] };
    });
  }
  const mend = "check its NS records, or name the servers in GLOSSOND_DNS_SERVERS";
  const servers: NameServer[] = [];
  for (const name of await nameServersOf(dns, zone)) {
    const addresses = await queries.addresses(name);
    if (addresses.length === 0) {
      throw new Error(`Cannot find an address of ${name}, a name server of ${zone.name}: ${mend}`);
    }
    servers.push({
      label: `${name} (${addresses.join(", ")})`,
      addresses: addresses.map((address) => ({
        label: `${name} (${address})`,
        address,
        port: DNS_PORT,
      })),
    });
  }
  if (servers.length === 0) throw new Error(`Zone ${zone.name} has no name servers: ${mend}`);
  return servers;
}

/** Options for {@linkcode waitForTxt}. */
export interface WaitForTxtOptions {
  /** The zone that the name lies in, no trailing dot; for the explanation of a failure. */
  zone: string;
  servers: readonly NameServer[];
  /** The zone's serial at the server that was written to. */
  serial?: number;
  /** That server, for the explanation. */
  provider: Pick<DnsProvider, "label" | "serialFix">;
  queries?: DnsQueries;
  /** @default {180 s} */
  timeoutMs?: number;
  signal?: AbortSignal;
}

/**
 * Waits until every server answers with all `values` at `name`: an authority may ask any of them,
 * and the first that lags fails the challenge. A server counts when one of its addresses has them and
 * none answers without: this machine may lack IPv4 or IPv6, and so cannot reach the others.
 *
 * @throws {Error} after the time-out; the message names the servers that lag, and why if that shows.
 */
export async function waitForTxt(
  name: string,
  values: readonly string[],
  options: WaitForTxtOptions,
): Promise<void> {
  const { zone, servers, provider, serial = 0, queries = networkQueries, signal } = options;
  const { timeoutMs = PROPAGATION_TIMEOUT_MS } = options;
  const deadline = performance.now() + timeoutMs;
  let lagging = [...servers];
  for (let round = 0;; round++) {
    signal?.throwIfAborted();
    const ready = await Promise.all(
      lagging.map((server) => hasAll(server, { name, values, queries, signal })),
    );
    lagging = lagging.filter((_, i) => !ready[i]);
    if (lagging.length === 0) return;
    const wait = Math.min(ROUND_CAP_MS, ROUND_START_MS * 1.5 ** round);
    if (performance.now() + wait > deadline) break;
    await pause(wait, signal);
  }
  signal?.throwIfAborted();
  throw new Error(
    await explain({ zone, name, serial, provider, servers, lagging, queries, timeoutMs }),
  );
}

interface Look {
  name: string;
  values: readonly string[];
  queries: DnsQueries;
  signal?: AbortSignal;
}

/** Whether a server has all values, as far as its addresses can be reached. */
async function hasAll({ addresses }: NameServer, look: Look): Promise<boolean> {
  const { name, values, queries } = look;
  const over = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const signal = AbortSignal.any([querySignal(look.signal), over.signal]);
  const answers = await Promise.all(addresses.map(async (server) => {
    try {
      const found = await queries.txt(name, server, signal);
      const all = values.every((value) => found.includes(value));
      // The others may be out of reach for good: they get a moment to say something else.
      if (all) timer ??= setTimeout(() => over.abort(), GRACE_MS);
      return all ? "has" : "lacks";
    } catch (error) {
      return error instanceof Deno.errors.NotFound ? "lacks" : "silent";
    }
  }));
  clearTimeout(timer);
  return answers.includes("has") && !answers.includes("lacks");
}

interface Lag {
  zone: string;
  name: string;
  serial: number;
  provider: WaitForTxtOptions["provider"];
  servers: readonly NameServer[];
  lagging: readonly NameServer[];
  queries: DnsQueries;
  timeoutMs: number;
}

async function explain(lag: Lag): Promise<string> {
  const { zone, name, provider, servers, lagging, queries, timeoutMs } = lag;
  const seconds = Math.round(timeoutMs / 1000);
  const serials = new Map<DnsServer, number | undefined>();
  await Promise.all(
    servers.flatMap(({ addresses }) => addresses).map(async (server) => {
      const serial = queries.serial(zone, server, querySignal()).catch(() => undefined);
      serials.set(server, await serial);
    }),
  );
  const newest = Math.max(lag.serial, ...[...serials.values()].map((serial) => serial ?? 0));
  const said = lagging.map(({ label, addresses }) => {
    // The one with the oldest zone is what the authority might meet.
    const [server] = addresses.filter((each) => serials.get(each) !== undefined)
      .toSorted((a, b) => serials.get(a)! - serials.get(b)!);
    const serial = server && serials.get(server);
    if (server === undefined || serial === undefined) {
      return `${label} does not answer for ${zone}: check that it runs, holds the zone, and can be reached from here`;
    }
    if (serial < newest) {
      return `${server.label} has serial ${serial} of ${zone} and ${provider.label} ${newest}: check its zone transfers and NOTIFY`;
    }
    return `${server.label} has serial ${serial} of ${zone} and not the value: check that changes raise the serial (${
      provider.serialFix(zone)
    })`;
  });
  return `The challenge at ${name} is not on every name server after ${seconds} s: ${
    said.join("; ")
  }`;
}

function querySignal(signal?: AbortSignal): AbortSignal {
  const timeout = AbortSignal.timeout(QUERY_TIMEOUT_MS);
  return signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
}
