import { formatIp, parseIp, unmapIp } from "../wire/ip_address.ts";

/**
 * What limits by address count on: an IPv4 address itself, an IPv6 address's /64.
 *
 * A /64 is what one household or one server gets, all of it to use as it likes. Text that is no
 * address is its own group.
 */
export function addressGroup(address: string): string {
  // IPv4 has one form only.
  const parsed = address.includes(":") ? parseIp(address) : undefined;
  if (parsed === undefined) return address;
  const bytes = unmapIp(parsed);
  if (bytes.length === 4) return formatIp(bytes);
  const network = new Uint8Array(16);
  network.set(bytes.subarray(0, 8));
  return `${formatIp(network)}/64`;
}
