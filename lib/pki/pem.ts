/** Wraps DER in PEM (RFC 7468). */
export function pem(label: string, der: Uint8Array): string {
  const body = der.toBase64().replace(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
}

/**
 * The DER bytes of a single PEM block.
 *
 * @throws {SyntaxError} when its body is not base64.
 */
export function derOf(pem: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromBase64(pem.replace(/-----[^-]+-----/g, ""));
}
