import { createHash, createPublicKey, X509Certificate } from "node:crypto";

/**
 * As {@linkcode keyFingerprint} writes it, 32 bytes in base64, maybe behind a prefix; its first character may be a
 * slash, too.
 */
const FINGERPRINT = /^(?:sha256\/\/?)?([A-Za-z0-9+/]{43}=)$/i;

/**
 * SHA-256 of a public key (its SubjectPublicKeyInfo, DER) in base64, as RFC 7469 section 2.4 has it. It stays the
 * same over certificates for one key, and is what this prints:
 *
 * ```sh
 * openssl x509 -noout -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64
 * ```
 *
 * @param certificate PEM, of which the first block counts, or DER.
 * @throws {Error} if it cannot be read.
 */
export function keyFingerprint(certificate: string | Uint8Array<ArrayBuffer>): string {
  const leaf = typeof certificate === "string"
    ? /-----BEGIN C[^]+?-----END C[^\n]+/.exec(certificate)?.[0] ?? ""
    : certificate;
  return sha256(new X509Certificate(leaf).publicKey.export({ type: "spki", format: "der" }));
}

/**
 * The same of a private key, PEM.
 *
 * @throws {Error} if it cannot be read.
 */
export function fingerprintOfPrivateKey(key: string): string {
  return sha256(createPublicKey(key).export({ type: "spki", format: "der" }));
}

function sha256(publicKey: Uint8Array): string {
  return createHash("sha256").update(publicKey).digest("base64");
}

/**
 * Reads a fingerprint that a person gives: base64, maybe behind `sha256/` or `sha256//` as curl's `--pinnedpubkey`
 * has it, or 64 hexadecimal digits, maybe with colons.
 *
 * @returns undefined if it is none.
 */
export function parseKeyFingerprint(text: string): string | undefined {
  const hex = text.replaceAll(":", "");
  if (/^[0-9a-f]{64}$/i.test(hex)) return Uint8Array.fromHex(hex).toBase64();
  return FINGERPRINT.exec(text)?.[1];
}
