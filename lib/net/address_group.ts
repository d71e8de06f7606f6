import { formatIp, parseIp, unmapIp } from "../wire/ip_address.ts";

/** Bytes of the IPv6 networks that limits count on: /64, /56 and /48. */
const IPV6_NETWORK_BYTES = [8, 7, 6] as const;

/**
 * What limits by address count on, narrowest first: of IPv4 the address itself and its /24, of IPv6
 * its /64, /56 and /48.
 *
 * A /64 is what one household or one server gets, all of it to use as it likes; a /56 or a /48 is what
 * one customer can have of them, free of charge with many providers. Text that is no address is a
 * group of its own.
 */
export function addressGroups(address: string): readonly string[] {
  const parsed = parseIp(address);
  if (parsed === undefined) return [address];
  const bytes = unmapIp(parsed);
  if (bytes.length === 4) {
    // IPv4 has one form only.
    const text = bytes === parsed ? address : formatIp(bytes);
    return [text, `${text.slice(0, text.lastIndexOf("."))}.0/24`];
  }
  return IPV6_NETWORK_BYTES.map((length) => {
    const network = new Uint8Array(16);
    network.set(bytes.subarray(0, length));
    return `${formatIp(network)}/${length * 8}`;
  });
}

/** The narrowest group of an address: an IPv4 address itself, an IPv6 address's /64. */
export function addressGroup(address: string): string {
  return addressGroups(address)[0]!;
}

/**
 * As {@linkcode addressGroups}, but nothing for loopback: it stands for a proxy on this machine that
 * does not tell whom a connection is of, and so for everybody at once.
 */
export function limitedGroups(address: string): readonly string[] {
  const groups = addressGroups(address);
  return groups[0]!.startsWith("127.") || address === "::1" ? NO_GROUPS : groups;
}

const NO_GROUPS: readonly string[] = [];
