import { parseIp } from "./ip_address.ts";

/** A block of addresses: those whose first `bits` bits are these. */
export interface AddressBlock {
  /** 4 bytes of IPv4, or 16 of IPv6. */
  bytes: Uint8Array;
  /** From 0 to as many as the bytes have. */
  bits: number;
}

/**
 * Blocks that are not reached through the internet, or lead back to this machine or its network: the
 * special-purpose registries of IANA (RFC 6890 and its updates), the documentation blocks apart, which
 * lead nowhere.
 */
const NOT_PUBLIC = [
  "0.0.0.0/8", // this host (RFC 791); to connect there is to connect to oneself
  "10.0.0.0/8", // RFC 1918
  "100.64.0.0/10", // carrier-grade NAT (RFC 6598), many VPNs
  "127.0.0.0/8",
  "169.254.0.0/16", // link-local (RFC 3927), clouds' metadata servers
  "172.16.0.0/12", // RFC 1918
  "192.0.0.0/24", // IETF protocol assignments (RFC 6890), DS-Lite
  "192.168.0.0/16", // RFC 1918
  "198.18.0.0/15", // benchmarks (RFC 2544), some VPNs
  "224.0.0.0/4", // multicast
  "240.0.0.0/4", // reserved, and broadcast
  "::/128",
  "::1/128",
  "100::/64", // discarded (RFC 6666)
  "fc00::/7", // unique local (RFC 4193)
  "fe80::/10", // link-local
  "fec0::/10", // site-local (RFC 3879)
  "ff00::/8", // multicast
].map((text) => parseBlock(text)!);

/** IPv6 blocks whose addresses stand for an IPv4 one, and where it is in them. */
const EMBEDDING = ([
  ["::ffff:0:0/96", 12], // IPv4-mapped
  ["::/96", 12], // IPv4-compatible (RFC 4291 section 2.5.5.1)
  ["::ffff:0:0:0/96", 12], // IPv4-translated (RFC 2765)
  ["64:ff9b::/96", 12], // NAT64 (RFC 6052)
  ["64:ff9b:1::/48", 12], // NAT64 of a network's own, in a prefix of 96 bits (RFC 8215)
  ["2002::/16", 2], // 6to4 (RFC 3056)
  ["2001::/32", 4], // Teredo's server (RFC 4380); its client stands behind, inverted
] as const).map(([text, at]) => ({ block: parseBlock(text)!, at }));

const TEREDO = parseBlock("2001::/32")!;

/** Reads `ADDRESS/BITS`; nothing for any other text. */
export function parseBlock(text: string): AddressBlock | undefined {
  const match = /^(.+)\/(\d{1,3})$/.exec(text);
  const bytes = match === null ? undefined : parseIp(match[1]!);
  const bits = Number(match?.[2]);
  return bytes === undefined || bits > bytes.length * 8 ? undefined : { bytes, bits };
}

/** Whether an address of 4 or 16 bytes is in a block. */
export function isWithin(address: Uint8Array, { bytes, bits }: AddressBlock): boolean {
  if (address.length !== bytes.length) return false;
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) if (address[i] !== bytes[i]) return false;
  const rest = bits & 7;
  return rest === 0 || (address[whole]! ^ bytes[whole]!) >> (8 - rest) === 0;
}

/**
 * Whether an address of 4 or 16 bytes is one that the internet leads to: not this machine, a private
 * network, a link or a group, and no IPv6 form of such an IPv4 address.
 */
export function isPublicIp(address: Uint8Array): boolean {
  if (NOT_PUBLIC.some((block) => isWithin(address, block))) return false;
  return embeddedIps(address).every(isPublicIp);
}

/** The IPv4 addresses that an IPv6 one stands for. */
export function embeddedIps(address: Uint8Array): Uint8Array[] {
  if (address.length !== 16) return [];
  const found = EMBEDDING.filter(({ block }) => isWithin(address, block))
    .map(({ at }) => address.subarray(at, at + 4));
  if (isWithin(address, TEREDO)) found.push(address.subarray(12).map((byte) => byte ^ 0xff));
  // ISATAP (RFC 5214 section 6.1): the interface identifier is [02]00:5efe and the IPv4 address.
  const isatap = (address[8]! & 0xfd) === 0 && address[9] === 0 && address[10] === 0x5e &&
    address[11] === 0xfe;
  if (isatap) found.push(address.subarray(12));
  return found;
}
