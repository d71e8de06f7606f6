import { encodeProxyV2, type ProxyAddresses } from "../wire/proxy_protocol.ts";

/**
 * A PROXY v2 header and a visitor's first bytes in one piece: one segment on the wire, one read at
 * the other end.
 *
 * @param addresses absent when they are not known: the header says `LOCAL` then.
 */
export function openingBytes(
  addresses: ProxyAddresses | undefined,
  head: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const header = encodeProxyV2(addresses);
  const bytes = new Uint8Array(header.length + head.length);
  bytes.set(header);
  bytes.set(head, header.length);
  return bytes;
}
