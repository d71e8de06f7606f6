/**
 * Keys, requests and certificates as values: no I/O. Imports `wire`.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash, createPublicKey } from "node:crypto";
import { SubjectAlternativeNameExtension, X509Certificate } from "@peculiar/x509";

/** A certificate chain and its key, as a TLS listener takes them. */
export interface TlsIdentity {
  /** PEM chain, leaf first. */
  cert: string;
  /** PEM private key (PKCS#8). */
  key: string;
  /** First and last moment of the leaf, milliseconds since the epoch. */
  notBefore: number;
  notAfter: number;
  /** The leaf's DNS names and IP addresses. */
  names: string[];
  /** Who signed it, as a distinguished name. */
  issuer: string;
  /** Whether nobody but this relay vouches for it. */
  selfSigned: boolean;
}

/** What {@linkcode readChain} tells of a leaf. */
export type ChainInfo = Omit<TlsIdentity, "cert" | "key"> & {
  /** DER of the leaf's public key (SubjectPublicKeyInfo). */
  publicKey: Uint8Array;
  /** SHA-256 of the leaf, lower-case hex. */
  fingerprint: string;
};

const CERTIFICATE_PEM = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/**
 * Reads a PEM chain and checks that each certificate is signed by the next.
 *
 * @throws {TypeError} when there is none, one cannot be read, or the order is wrong.
 */
export async function readChain(pem: string): Promise<ChainInfo> {
  const certificates = (pem.match(CERTIFICATE_PEM) ?? []).map((block) =>
    new X509Certificate(block)
  );
  const leaf = certificates[0];
  if (leaf === undefined) throw new TypeError("Cannot read certificate chain: it has no PEM block");
  for (const [i, issuer] of certificates.slice(1).entries()) {
    // `slice(1)` shifts the index: i is the one that `issuer` should have signed.
    const signed = certificates[i]!;
    if (!await signed.verify({ publicKey: issuer.publicKey, signatureOnly: true })) {
      throw new TypeError(
        `Cannot use certificate chain: ${signed.subject} is not signed by ${issuer.subject}`,
      );
    }
  }
  return {
    notBefore: leaf.notBefore.getTime(),
    notAfter: leaf.notAfter.getTime(),
    names: leaf.getExtension(SubjectAlternativeNameExtension)?.names.items
      .map((name) => name.value.toLowerCase()) ?? [],
    issuer: leaf.issuer,
    selfSigned: leaf.issuer === leaf.subject &&
      await leaf.verify({ signatureOnly: true }).catch(() => false),
    publicKey: new Uint8Array(leaf.publicKey.rawData),
    fingerprint: fingerprintOf(leaf.rawData),
  };
}

/**
 * Joins a chain and a private key after checking that they are a pair.
 *
 * @throws {TypeError} when either cannot be read or the key is another's.
 */
export async function readIdentity(cert: string, key: string): Promise<TlsIdentity> {
  const { publicKey, fingerprint: _, ...info } = await readChain(cert);
  if (!isPair(publicKey, key)) {
    throw new TypeError(
      "Cannot use certificate: it does not fit its private key; order a new one (`glossond cert renew --force`)",
    );
  }
  return { cert, key, ...info };
}

/** What a certificate must fulfil before it is served or handed out. */
export interface Requirements {
  /** Names that it must carry. */
  names: readonly string[];
  /** Milliseconds since the epoch. */
  now: number;
}

/**
 * Says what makes a certificate unfit; undefined when nothing does.
 *
 * The sentence names the cause and the fix.
 */
export function unfitness(
  info: Pick<TlsIdentity, "names" | "notBefore" | "notAfter">,
  { names, now }: Requirements,
): string | undefined {
  const missing = names.filter((name) => !info.names.includes(name));
  if (missing.length > 0) {
    return `the certificate does not name ${missing.join(", ")} (it names ${
      info.names.join(", ") || "nothing"
    }); order one for the current base domain`;
  }
  if (info.notAfter <= now) {
    return `the certificate ended at ${iso(info.notAfter)} and it is ${
      iso(now)
    } by this machine's clock; order a new one, or set the clock`;
  }
  if (info.notBefore > now) {
    return `the certificate begins at ${iso(info.notBefore)} and it is ${
      iso(now)
    } by this machine's clock; set the clock`;
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** The fingerprint of a certificate by its DER bytes: SHA-256, lower-case hex. */
export function fingerprintOf(der: ArrayBuffer | Uint8Array): string {
  return createHash("sha256").update(new Uint8Array(der)).digest("hex");
}

/** Whether a public key (SubjectPublicKeyInfo, DER) is that of a private key (PEM). */
export function isPair(publicKey: Uint8Array, key: string): boolean {
  const own = createPublicKey(key).export({ type: "spki", format: "der" });
  return Buffer.compare(own, publicKey) === 0;
}
