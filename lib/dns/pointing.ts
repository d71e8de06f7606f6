import { randomInt } from "node:crypto";
import { type HostPort, writeHostPort } from "../config/values.ts";
import { isPublicIp } from "../wire/address_scope.ts";
import { DOMAIN_RECORD } from "../wire/domain_name.ts";
import { parseIp } from "../wire/ip_address.ts";
import { type DnsConnection, openDnsConnection } from "./connection.ts";
import { hostAddresses } from "./host_addresses.ts";

const DNS_PORT = 53;

/** How long one server may take for both answers, and finding the servers of one zone. */
const ASK_TIMEOUT_MS = 4_000;
const FIND_TIMEOUT_MS = 4_000;

/** How long a look may take, whatever its servers do: clients wait 15 s for the answer to their request. */
const LOOK_TIMEOUT_MS = 12_000;

/** Name servers of a zone that are asked, and addresses of all of them. */
const MAX_NAME_SERVERS = 8;
const MAX_ADDRESSES = 12;

/**
 * Longest answer that is read, bytes: a record or two. Anybody's server may be asked, and a message of 64 KiB can be
 * made of names that lead to each other so that reading it takes a third of a second.
 */
const MAX_ANSWER_BYTES = 4 * 1024;

/** What is used of a message that the library has read. */
interface Answer {
  type: string;
  id: number;
  rcode: string;
  /** Whether the server says that it is its to say. */
  flag_aa: boolean;
  answers: { type: string; name: string; data: unknown }[];
}

/** Response codes of an answer (RFC 1035 section 4.1.1): there is the name, and there is none. */
const ANSWERED = ["NOERROR", "NXDOMAIN"];

/** What a domain's authoritative servers say of whom it leads to. */
export interface Pointing {
  /**
   * For each server that answered the names that it leads to, in lower case: the target of the domain's
   * CNAME, and the values of its TXT record.
   */
  answers: string[][];
  /** Why the others did not answer. */
  silent: string[];
}

/** How name servers are found: by this machine's resolver. */
export interface ServerQueries {
  /** Names of a zone's servers; rejects or is empty where the name is no zone of its own. */
  nameServers(zone: string, signal: AbortSignal): Promise<string[]>;
  addresses(host: string, signal: AbortSignal): Promise<string[]>;
}

/** Queries by the system's resolver. */
const systemQueries: ServerQueries = {
  nameServers: (zone, signal) => Deno.resolveDns(`${zone}.`, "NS", { signal }),
  addresses: hostAddresses,
};

/** Options for {@linkcode lookWhereItPoints}. */
export interface LookOptions {
  /**
   * Servers of the operator's, asked before those that the domain is delegated to; these alone, and name
   * servers at their addresses, may be at a private one.
   */
  servers: readonly HostPort[];
  queries?: ServerQueries;
  /** Ends the look, with what is known by then. @default after 12 s */
  signal?: AbortSignal;
}

/**
 * Asks a domain's authoritative servers whom it leads to: `CNAME DOMAIN` or `TXT _glosson.DOMAIN`
 * (PROTOCOL section 1).
 *
 * A resolver only tells where the servers are; what they say comes from them, over TCP, where nobody
 * answers in their place, and counts only where they say that it is theirs to say (AA, RFC 1035
 * section 4.1.1). No record is followed any further. Never rejects.
 */
export async function lookWhereItPoints(domain: string, options: LookOptions): Promise<Pointing> {
  const { servers, queries = systemQueries } = options;
  const over = options.signal ?? AbortSignal.timeout(LOOK_TIMEOUT_MS);
  const silent: string[] = [];

  async function askAll(group: readonly HostPort[]): Promise<string[][]> {
    const asked = await Promise.allSettled(group.map((server) => askServer(server, domain, over)));
    for (const each of asked) {
      if (each.status === "rejected") silent.push((each.reason as Error).message);
    }
    return asked.filter((each) => each.status === "fulfilled").map(({ value }) => value);
  }

  let answers = await askAll(servers);
  const labels = domain.split(".");
  // From the domain itself upwards: servers of zones above it only refer to those below (without AA), but
  // for the registry's where there is no such domain any more.
  for (let from = 0; from < labels.length && answers.length === 0 && !over.aborted; from++) {
    const zone = labels.slice(from).join(".");
    answers = await askAll(await serversOf(zone, { servers, queries, silent, over }));
  }
  return { answers, silent };
}

/** Where the servers of a zone are, as far as they may be asked. */
async function serversOf(
  zone: string,
  { servers, queries, silent, over }: Required<Pick<LookOptions, "servers" | "queries">> & {
    silent: string[];
    over: AbortSignal;
  },
): Promise<HostPort[]> {
  const signal = soonerOf(over, FIND_TIMEOUT_MS);
  const names = await queries.nameServers(zone, signal).catch(() => []);
  const found = await Promise.all(
    names.slice(0, MAX_NAME_SERVERS).map((name) => queries.addresses(name, signal).catch(() => [])),
  );
  return [...new Set(found.flat())].slice(0, MAX_ADDRESSES).flatMap((host) => {
    const ours = servers.find((server) => server.host === host);
    if (ours !== undefined) return [ours];
    // Whoever holds the zone may name any address: nothing in the relay's own networks is asked.
    const bytes = parseIp(host);
    if (bytes !== undefined && isPublicIp(bytes)) return [{ host, port: DNS_PORT }];
    silent.push(`${host} is no public address`);
    return [];
  });
}

/**
 * Asks one server.
 *
 * @throws {Error} when it does not answer, or is not the one to say it.
 */
async function askServer(
  server: HostPort,
  domain: string,
  over: AbortSignal,
): Promise<string[]> {
  // Here, since no start of a relay needs it.
  const { default: packet } = await import("dns-packet");
  const signal = soonerOf(over, ASK_TIMEOUT_MS);

  async function ask(name: string, type: "CNAME" | "TXT"): Promise<unknown[]> {
    // One each: a server may end a connection behind its first answer (RFC 7766 section 6.2.1).
    using connection = await openDnsConnection(server, signal);
    try {
      return await askOn(connection, name, type);
    } catch (error) {
      throw new Error(`${writeHostPort(server)}: ${(error as Error).message}`, { cause: error });
    }
  }

  async function askOn(connection: DnsConnection, name: string, type: string): Promise<unknown[]> {
    const id = randomInt(65_536);
    await connection.send(packet.encode({ type: "query", id, questions: [{ type, name }] }));
    const answer: Answer = packet.decode(await connection.receive(MAX_ANSWER_BYTES));
    if (answer.id !== id || answer.type !== "response") throw new Error("it answers another query");
    if (!answer.flag_aa || !ANSWERED.includes(answer.rcode)) {
      throw new Error(`it is not the one to say it (${answer.rcode})`);
    }
    return answer.answers.filter((record) => record.type === type && plain(record.name) === name)
      .map(({ data }) => data);
  }

  const aliases = await ask(domain, "CNAME") as string[];
  const texts = await ask(DOMAIN_RECORD + domain, "TXT") as TextParts[];
  return [...aliases, ...texts.map(textOf)].map(plain);
}

/** Aborted with the signal, and after that time at the latest. */
function soonerOf(signal: AbortSignal, ms: number): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(ms)]);
}

/** The strings of a TXT record, or its only one. */
type TextParts = Uint8Array | string | (Uint8Array | string)[];

/** They are one text together (as RFC 7208 section 3.3 has it); forms to fill in keep quotes as text. */
function textOf(data: TextParts): string {
  return [data].flat().map((part) => part.toString()).join("").replace(/^\s*"(.*)"\s*$/, "$1");
}

/** A name as it is compared. */
function plain(name: string): string {
  return name.trim().toLowerCase().replace(/\.$/, "");
}
