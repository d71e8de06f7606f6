/** Fatal TLS alerts that the relay and the client send (RFC 9846 section 6.2, formerly RFC 8446). */
export const ALERT = {
  handshakeFailure: 40,
  decodeError: 50,
  internalError: 80,
  unrecognizedName: 112,
} as const;

/** Name of a fatal alert in {@linkcode ALERT}. */
export type AlertName = keyof typeof ALERT;

/**
 * The 7 bytes of a plain-text TLS record with one fatal alert.
 *
 * The record version is 0x0303, which every client accepts before a version is agreed.
 */
export function alertRecord(name: AlertName): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(0x15, 0x03, 0x03, 0x00, 0x02, 0x02, ALERT[name]);
}
