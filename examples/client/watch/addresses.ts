import { lookup } from "node:dns/promises";
import { parseIp } from "../../../lib/wire/ip_address.ts";
import { isLocalhostName } from "../relay_url.ts";

/** Addresses that are looked at at most: a relay has one or two. */
const MAX_ADDRESSES = 4;

/** How long a resolver may take, milliseconds. */
const ANSWER_MS = 5_000;

/** A resolver: its address and port. */
export interface Resolver {
  ipAddr: string;
  port: number;
}

/** Reads `IP`, `IPV4:PORT` or `[IPV6]:PORT`; undefined if it is none. */
export function parseResolver(text: string): Resolver | undefined {
  const [, v6, v4, port = "53"] = /^(?:\[(.+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const ipAddr = v6 ?? v4 ?? text;
  if (parseIp(ipAddr) === undefined || Number(port) < 1 || Number(port) > 65_535) return undefined;
  return { ipAddr, port: Number(port) };
}

/**
 * The addresses that visitors find a name at, by the system's name resolution and by others, each once: who lies to
 * the one may not lie to the other. A resolver that does not answer is passed over.
 *
 * @throws {Error} of the system's resolution if nobody knows an address.
 */
export async function visitedAddresses(
  name: string,
  resolvers: readonly Resolver[],
  signal: AbortSignal,
): Promise<string[]> {
  // Such names are this computer (RFC 6761 section 6.3), whatever resolvers say.
  if (isLocalhostName(name)) return ["127.0.0.1"];
  const [own, ...others] = await Promise.allSettled([
    lookup(name, { all: true }).then((found) => found.map(({ address }) => address)),
    ...resolvers.map((resolver) => ask(name, resolver, signal)),
  ]);
  // One of each in turn, so that none crowds another's out.
  const found = [own, ...others].map((one) => one.status === "fulfilled" ? one.value : []);
  const inTurn = Array.from({ length: MAX_ADDRESSES }, (_, i) => found.map((list) => list[i]));
  const addresses = new Set(inTurn.flat().filter((address) => address !== undefined));
  if (addresses.size === 0) {
    throw own.status === "rejected" ? own.reason : new Error(`${name} has no address`);
  }
  return [...addresses].slice(0, MAX_ADDRESSES);
}

async function ask(name: string, nameServer: Resolver, signal: AbortSignal): Promise<string[]> {
  const options = { nameServer, signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]) };
  const [v4, v6] = await Promise.allSettled([
    Deno.resolveDns(name, "A", options),
    Deno.resolveDns(name, "AAAA", options),
  ]);
  return [
    ...v4.status === "fulfilled" ? v4.value : [],
    ...v6.status === "fulfilled" ? v6.value : [],
  ];
}
