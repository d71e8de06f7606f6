import { extension, hello, serverName } from "../../../tests/wire/hello_builder.ts";

/** Length of the hello: what browsers pad theirs to without a post-quantum key share. */
const HELLO_BYTES = 517;

/** Length of an order, which follows the hello in place of the rest of TLS. */
export const ORDER_BYTES = 16;

/** Sizes of the flights that follow a hello in TLS 1.3, and of a small page. */
export const FLIGHT_BYTES = { server: 3_000, client: 600, page: 1_000 } as const;

/** PROXY v2 header of an IPv4 visitor (section 2.2 of its specification). */
export const PROXY_HEADER_BYTES = 28;

/** What the visitor asks of the origin. */
export type Order =
  /** The origin pours this many bytes. */
  | { kind: "down"; bytes: number }
  /** The visitor pours this many bytes. */
  | { kind: "up"; bytes: number };

/** A ClientHello of constant length for a host name. */
export function helloFor(hostname: string): Uint8Array<ArrayBuffer> {
  const name = serverName(hostname);
  const short = hello({ extensions: [name] });
  // An extension's type and length take 4 bytes; 21 is padding (RFC 7685).
  const padding = extension(21, new Uint8Array(HELLO_BYTES - short.length - 4));
  return hello({ extensions: [name, padding] });
}

/** Bytes of a hello of {@linkcode helloFor}. */
export const helloLength = HELLO_BYTES;

/** Writes an order down. */
export function encodeOrder(order: Order): Uint8Array<ArrayBuffer> {
  const text = order.kind.padEnd(4) + String(order.bytes).padStart(ORDER_BYTES - 4);
  return new TextEncoder().encode(text);
}

/** Reads what {@linkcode encodeOrder} wrote. */
export function decodeOrder(bytes: Uint8Array): Order {
  const text = new TextDecoder().decode(bytes);
  const kind = text.slice(0, 4).trim();
  if (kind !== "down" && kind !== "up") throw new Error(`Cannot read order: it is ${text}`);
  return { kind, bytes: Number(text.slice(4)) };
}
