import type { JsonGeneralName } from "@peculiar/x509";
import { parseIp } from "../wire/ip_address.ts";
import { pem } from "./pem.ts";

/** Kinds of keys: ECDSA on P-256, or RSA of 2048 bits. */
export type KeyType = "ecdsa" | "rsa";

const ALGORITHMS = {
  ecdsa: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  rsa: {
    name: "RSASSA-PKCS1-v1_5",
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: "SHA-256",
  },
} as const;

/** Makes an ECDSA P-256 key, PEM (PKCS#8). */
export async function makeKey(): Promise<string> {
  const keys = await crypto.subtle.generateKey(ALGORITHMS.ecdsa, true, ["sign", "verify"]);
  return await exportKey(keys);
}

/** Makes a key and a signing request for `names` (no common name), both PEM. */
export async function makeKeyAndRequest(
  names: readonly string[],
  type: KeyType = "ecdsa",
): Promise<{ key: string; csr: string }> {
  const { Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension } = await import(
    "@peculiar/x509"
  );
  const algorithm = ALGORITHMS[type];
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const request = await Pkcs10CertificateRequestGenerator.create({
    keys,
    signingAlgorithm: algorithm,
    extensions: [new SubjectAlternativeNameExtension(names.map(generalName))],
  });
  return { key: await exportKey(keys), csr: request.toString("pem") + "\n" };
}

async function exportKey({ privateKey }: CryptoKeyPair): Promise<string> {
  return pem("PRIVATE KEY", new Uint8Array(await crypto.subtle.exportKey("pkcs8", privateKey)));
}

/** A certificate name as `@peculiar/x509` takes it. */
export function generalName(name: string): JsonGeneralName {
  return { type: parseIp(name) !== undefined ? "ip" : "dns", value: name };
}
