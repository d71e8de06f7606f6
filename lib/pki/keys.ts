import {
  type JsonGeneralName,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
} from "@peculiar/x509";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** Makes an ECDSA P-256 key, PEM (PKCS#8). */
export async function makeKey(): Promise<string> {
  return await exportKey(await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]));
}

/** Makes an ECDSA P-256 key and a signing request for `names` (no common name), both PEM. */
export async function makeKeyAndRequest(
  names: readonly string[],
): Promise<{ key: string; csr: string }> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const request = await Pkcs10CertificateRequestGenerator.create({
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [new SubjectAlternativeNameExtension(names.map(generalName))],
  });
  return { key: await exportKey(keys), csr: request.toString("pem") + "\n" };
}

async function exportKey({ privateKey }: CryptoKeyPair): Promise<string> {
  return pem("PRIVATE KEY", new Uint8Array(await crypto.subtle.exportKey("pkcs8", privateKey)));
}

/** Wraps DER in PEM (RFC 7468). */
export function pem(label: string, der: Uint8Array): string {
  const body = btoa(String.fromCharCode(...der)).replace(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
}

/** A certificate name as `@peculiar/x509` takes it. */
export function generalName(name: string): JsonGeneralName {
  return { type: isIp(name) ? "ip" : "dns", value: name };
}

/** Whether a certificate name is an IP address rather than a DNS name. */
export function isIp(name: string): boolean {
  return /^[\d.]+$/.test(name) || name.includes(":");
}
