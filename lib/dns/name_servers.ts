import { type HostPort, writeHostPort } from "../config/values.ts";
import { parseIp } from "../wire/ip_address.ts";
import { hostAddresses } from "./host_addresses.ts";
import { type DnsProvider, type DnsZone, nameServersOf } from "./provider.ts";

/** How long one query may take. */
const QUERY_TIMEOUT_MS = 3_000;

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
  /** None where it cannot be found. */
  addresses: DnsServer[];
}

/** The queries that `waitForTxt`, {@linkcode serialsAt} and {@linkcode authoritativeServers} make. */
export interface DnsQueries {
  /**
   * Values of all TXT records at a name as this server has them; rejects with `NotFound` when it
   * answers with none, be it that it refuses to tell, and with another error when it does not answer.
   */
  txt(name: string, server: DnsServer, signal: AbortSignal): Promise<string[]>;
  /** Serial of a zone as this server has it; rejects when it does not hold it, or does not answer. */
  serial(zone: string, server: DnsServer, signal: AbortSignal): Promise<number>;
  /** Addresses of a name server, by this machine's resolver. */
  addresses(host: string): Promise<string[]>;
}

/** Queries over the network. */
export const networkQueries: DnsQueries = {
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
 * @throws {Error} when the zone's name servers cannot be found.
 */
export async function authoritativeServers(
  dns: Pick<DnsProvider, "read">,
  zone: DnsZone,
  configured: readonly HostPort[],
  queries: DnsQueries = networkQueries,
): Promise<NameServer[]> {
  if (configured.length > 0) {
    return await Promise.all(configured.map(async ({ host, port }) => {
      const label = writeHostPort({ host, port });
      const addresses = parseIp(host) ? [host] : await queries.addresses(host);
      return { label, addresses: addresses.map((address) => ({ label, address, port })) };
    }));
  }
  const mend = "check its NS records, or name the servers in GLOSSOND_DNS_SERVERS";
  const servers: NameServer[] = [];
  const names = await nameServersOf(dns, zone);
  for (const name of names) {
    const addresses = await queries.addresses(name);
    servers.push({
      label: `${name} (${addresses.join(", ") || "of no address"})`,
      addresses: addresses.map((address) => ({
        label: `${name} (${address})`,
        address,
        port: DNS_PORT,
      })),
    });
  }
  if (servers.length === 0) throw new Error(`Zone ${zone.name} has no name servers: ${mend}`);
  if (servers.every(({ addresses }) => addresses.length === 0)) {
    const [are, of] = names.length === 1
      ? ["a name server", names[0]]
      : ["name servers", names.join(", ")];
    throw new Error(
      `Cannot find an address of ${of}, ${are} of ${zone.name}, by this machine's resolver (/etc/resolv.conf): ${mend}`,
    );
  }
  return servers;
}

/** The serial of a zone at each address that tells one. */
export async function serialsAt(
  zone: string,
  servers: readonly NameServer[],
  queries: Pick<DnsQueries, "serial"> = networkQueries,
): Promise<Map<DnsServer, number>> {
  const serials = new Map<DnsServer, number>();
  await Promise.all(
    servers.flatMap(({ addresses }) => addresses).map((server) =>
      queries.serial(zone, server, querySignal())
        .then((serial) => serials.set(server, serial), () => {})
    ),
  );
  return serials;
}

/** Ends a query in time, or with the signal. */
export function querySignal(signal?: AbortSignal): AbortSignal {
  const timeout = AbortSignal.timeout(QUERY_TIMEOUT_MS);
  return signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
}
