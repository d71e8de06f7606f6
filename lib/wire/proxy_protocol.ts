import { formatIp, mapIp, parseIp, unmapIp } from "./ip_address.ts";
import { latin1 } from "./latin1.ts";

/** An IP address and a port. */
export interface SocketAddress {
  /** IPv4, or IPv6 in canonical lower-case text; an IPv4-mapped one is written as IPv4. */
  address: string;
  /** From 0 to 65535. */
  port: number;
}

/** The two ends of a connection as its accepting side saw them. */
export interface ProxyAddresses {
  /** Who connected. */
  source: SocketAddress;
  /** Where to. */
  destination: SocketAddress;
}

/** What the first bytes of a connection that must begin with a PROXY header turn out to be. */
export type ProxyHeader =
  /** A header so far, not yet complete. */
  | { state: "more" }
  /**
   * A whole header of `length` bytes; the connection's own bytes follow. `addresses` is absent when
   * the header tells none: `LOCAL`, `UNKNOWN`, Unix sockets, other transports than streams.
   */
  | { state: "header"; length: number; addresses?: ProxyAddresses }
  /** No PROXY header; `detail` is a clause for a person. */
  | { state: "reject"; detail: string };

/**
 * Longest version 2 header that is read, in bytes. The format allows 65,551; senders stay far below
 * (HAProxy with every TLV, a client certificate's names included, under 1 KiB).
 */
export const MAX_PROXY_HEADER_BYTES = 4096;

/** Longest version 1 header with its CRLF (PROXY protocol section 2.1). */
const MAX_V1_BYTES = 107;

const V1_START = new TextEncoder().encode("PROXY ");

/** First 12 bytes of version 2 (PROXY protocol section 2.2). */
const V2_SIGNATURE = new TextEncoder().encode("\r\n\r\n\0\r\nQUIT\n");

/** Signature, version and command, family, length. */
const V2_HEADER_BYTES = 16;

const COMMAND = { local: 0x20, proxy: 0x21 } as const;

/** Family and transport in one byte: TCP over IPv4, TCP over IPv6. */
const FAMILY = { tcp4: 0x11, tcp6: 0x21 } as const;

/**
 * Brings an IP address into the one form that addresses are compared in: IPv4-mapped IPv6 becomes
 * IPv4, other IPv6 its canonical text (RFC 5952) without a zone. Other text is returned as it is.
 */
export function normalizeAddress(address: string): string {
  // IPv4 has one form only.
  const bytes = address.includes(":") ? parseIp(address) : undefined;
  return bytes === undefined ? address : formatIp(unmapIp(bytes));
}

/**
 * Writes a PROXY protocol version 2 header (section 2.2): `PROXY` with TCP4 or TCP6, or `LOCAL`
 * when the addresses are not known. Addresses of different families both become IPv6.
 *
 * @throws {TypeError} if an address is not an IP address.
 * @throws {RangeError} if a port is not an integer from 0 to 65535.
 */
export function encodeProxyV2(addresses: ProxyAddresses | undefined): Uint8Array<ArrayBuffer> {
  if (addresses === undefined) return v2Header(COMMAND.local, 0, 0);
  let source = addressBytes(addresses.source);
  let destination = addressBytes(addresses.destination);
  if (source.length !== destination.length) {
    source = mapIp(source);
    destination = mapIp(destination);
  }
  const size = source.length;
  const family = size === 4 ? FAMILY.tcp4 : FAMILY.tcp6;
  const header = v2Header(COMMAND.proxy, family, size * 2 + 4);
  header.set(source, V2_HEADER_BYTES);
  header.set(destination, V2_HEADER_BYTES + size);
  const view = new DataView(header.buffer);
  view.setUint16(V2_HEADER_BYTES + size * 2, addresses.source.port);
  view.setUint16(V2_HEADER_BYTES + size * 2 + 2, addresses.destination.port);
  return header;
}

/**
 * Reads a PROXY protocol header of version 1 or 2, told apart by the first bytes.
 *
 * TLVs are skipped unread. A header longer than {@linkcode MAX_PROXY_HEADER_BYTES} (version 1: 107
 * bytes) is refused as soon as that shows.
 */
export function parseProxyHeader(bytes: Uint8Array): ProxyHeader {
  if (startsLike(bytes, V2_SIGNATURE)) return parseV2(bytes);
  if (startsLike(bytes, V1_START)) return parseV1(bytes);
  return reject("the connection does not begin with a PROXY header");
}

function parseV2(bytes: Uint8Array): ProxyHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const command = bytes[12];
  if (command !== undefined && command !== COMMAND.local && command !== COMMAND.proxy) {
    return reject(`the PROXY header has the version and command 0x${command.toString(16)}`);
  }
  if (bytes.length < V2_HEADER_BYTES) return { state: "more" };
  const family = bytes[13]!;
  const length = V2_HEADER_BYTES + view.getUint16(14);
  if (length > MAX_PROXY_HEADER_BYTES) return reject(`the PROXY header declares ${length} bytes`);
  // Families 0 to 3 and transports 0 to 2 are defined; a LOCAL header's are to be ignored.
  if (command === COMMAND.proxy && (family >> 4 > 3 || (family & 0xf) > 2)) {
    return reject(`the PROXY header has the unknown family 0x${family.toString(16)}`);
  }
  const size = family === FAMILY.tcp4 ? 4 : family === FAMILY.tcp6 ? 16 : undefined;
  const told = command === COMMAND.proxy && size !== undefined;
  if (told && length < V2_HEADER_BYTES + size * 2 + 4) {
    return reject(`the PROXY header has no room for its addresses in ${length} bytes`);
  }
  if (bytes.length < length) return { state: "more" };
  if (!told) return { state: "header", length };
  const at = V2_HEADER_BYTES;
  const address = (from: number): string => formatIp(unmapIp(bytes.subarray(from, from + size)));
  const source = { address: address(at), port: view.getUint16(at + size * 2) };
  const destination = { address: address(at + size), port: view.getUint16(at + size * 2 + 2) };
  return { state: "header", length, addresses: { source, destination } };
}

function parseV1(bytes: Uint8Array): ProxyHeader {
  const newline = bytes.subarray(0, MAX_V1_BYTES).indexOf(0x0a);
  if (newline === -1) {
    return bytes.length < MAX_V1_BYTES
      ? { state: "more" }
      : reject(`the PROXY header does not end within ${MAX_V1_BYTES} bytes`);
  }
  const length = newline + 1;
  const line = latin1(bytes, 0, length);
  // The receiver ignores what an UNKNOWN header holds up to its CRLF.
  if (/^PROXY UNKNOWN( [^\r\n]*)?\r\n$/.test(line)) return { state: "header", length };
  const match = /^PROXY TCP([46]) (\S+) (\S+) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4})\r\n$/.exec(line);
  if (match === null) return reject("the PROXY header is not of version 1's form");
  const size = match[1] === "4" ? 4 : 16;
  const [source, destination] = [match[2]!, match[3]!].map(parseIp);
  const [sourcePort, destinationPort] = [Number(match[4]), Number(match[5])];
  if (source?.length !== size || destination?.length !== size) {
    return reject(`the PROXY header has an address that is not of family TCP${match[1]}`);
  }
  if (sourcePort > 65_535 || destinationPort > 65_535) {
    return reject("the PROXY header has a port above 65535");
  }
  return {
    state: "header",
    length,
    addresses: {
      source: { address: formatIp(unmapIp(source)), port: sourcePort },
      destination: { address: formatIp(unmapIp(destination)), port: destinationPort },
    },
  };
}

/** Whether `bytes` agree with `start` as far as both go. */
function startsLike(bytes: Uint8Array, start: Uint8Array): boolean {
  return bytes.subarray(0, start.length).every((byte, i) => byte === start[i]);
}

function v2Header(command: number, family: number, length: number): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(V2_HEADER_BYTES + length);
  header.set(V2_SIGNATURE);
  header.set([command, family, length >> 8, length & 0xff], V2_SIGNATURE.length);
  return header;
}

function addressBytes({ address, port }: SocketAddress): Uint8Array {
  const bytes = parseIp(address);
  if (bytes === undefined) {
    throw new TypeError(`Cannot write PROXY header: ${JSON.stringify(address)} is no IP address`);
  }
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new RangeError(`Cannot write PROXY header: port is ${port}`);
  }
  return unmapIp(bytes);
}

function reject(detail: string): ProxyHeader {
  return { state: "reject", detail };
}
