import { parseIp } from "../wire/ip_address.ts";

/** Context-specific DER tags of RFC 5280: `[0] permittedSubtrees`, `[2] dNSName`, `[7] iPAddress`. */
const PERMITTED = 0xa0;
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;
const SEQUENCE = 0x30;

/**
 * Encodes the value of a NameConstraints extension (RFC 5280, section 4.2.1.10) that permits the
 * given domains with all below them, and the given single addresses.
 *
 * @throws {RangeError} on more than 65,535 bytes of names.
 */
export function nameConstraints(permitted: readonly string[]): ArrayBuffer {
  const subtrees = permitted.map((name) => der(SEQUENCE, subtree(name)));
  return Uint8Array.from(der(SEQUENCE, der(PERMITTED, subtrees.flat()))).buffer;
}

function subtree(name: string): number[] {
  const address = parseIp(name);
  if (address === undefined) return der(DNS_NAME, [...new TextEncoder().encode(name)]);
  // An address is followed by its mask; all ones: this address alone.
  return der(IP_ADDRESS, [...address, ...Array<number>(address.length).fill(0xff)]);
}

function der(tag: number, content: readonly number[]): number[] {
  const { length } = content;
  if (length < 0x80) return [tag, length, ...content];
  if (length < 0x100) return [tag, 0x81, length, ...content];
  if (length < 0x10000) return [tag, 0x82, length >> 8, length & 0xff, ...content];
  throw new RangeError(`Cannot encode name constraints: ${length} bytes, limit is 65535`);
}
