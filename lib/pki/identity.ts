/**
 * Keys, requests and certificates as values: no I/O. Imports `wire`.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash, createPublicKey, X509Certificate } from "node:crypto";

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
 * Reads a PEM chain and checks that each certificate is signed by the next. By the runtime's own reader: each start
 * of a relay reads one, and `@peculiar/x509`, which reads requests and signs, takes a quarter of a start to be loaded.
 *
 * @throws {TypeError} when there is none, one cannot be read, or the order is wrong.
 */
export async function readChain(pem: string): Promise<ChainInfo> {
  const certificates = blocksOf(pem).map(readCertificate);
  const leaf = certificates[0]!;
  for (const [i, issuer] of certificates.slice(1).entries()) {
    // `slice(1)` shifts the index: i is the one that `issuer` should have signed.
    const signed = certificates[i]!;
    if (!await isSignedBy(signed, issuer)) {
      throw new TypeError(
        `Cannot use certificate chain: ${shownName(signed.subject)} is not signed by ${
          shownName(issuer.subject)
        }`,
      );
    }
  }
  return {
    notBefore: leaf.validFromDate.getTime(),
    notAfter: leaf.validToDate.getTime(),
    names: alternativeNames(leaf),
    issuer: shownName(leaf.issuer),
    selfSigned: shownName(leaf.issuer) === shownName(leaf.subject) && await isSignedBy(leaf, leaf),
    publicKey: new Uint8Array(leaf.publicKey.export({ type: "spki", format: "der" })),
    fingerprint: fingerprintOf(leaf.raw),
  };
}

/**
 * The fingerprint of a PEM chain's leaf.
 *
 * @throws {TypeError} when there is none, or it cannot be read.
 */
export function leafFingerprint(pem: string): string {
  return fingerprintOf(readCertificate(blocksOf(pem)[0]!).raw);
}

/** One at least. */
function blocksOf(pem: string): string[] {
  const blocks = pem.match(CERTIFICATE_PEM);
  if (blocks !== null) return blocks;
  throw new TypeError("Cannot read certificate chain: it has no PEM block");
}

function readCertificate(block: string): X509Certificate {
  try {
    return new X509Certificate(block);
  } catch (cause) {
    throw new TypeError("Cannot read certificate chain: one of its blocks is no certificate", {
      cause,
    });
  }
}

/** Whether the signature is the issuer's, by what reads more kinds of them where the runtime does not say so. */
async function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): Promise<boolean> {
  try {
    if (certificate.verify(issuer.publicKey)) return true;
  } catch {
    // A key on P-521 or of RSA-PSS, or one of another kind than the signature.
  }
  // The runtime also takes a signature of RSA-PSS for a wrong one.
  const { X509Certificate: Certificate } = await import("@peculiar/x509");
  const { publicKey } = new Certificate(issuer.toString());
  return await new Certificate(certificate.toString()).verify({ publicKey, signatureOnly: true })
    .catch(() => false);
}

/** DNS names and addresses in the form that the runtime writes: `DNS:a.example, IP Address:192.0.2.1`. */
function alternativeNames({ subjectAltName }: X509Certificate): string[] {
  return (subjectAltName ?? "").split(", ").flatMap((name) => {
    const value = /^(?:DNS|IP Address):([^"]+)$/.exec(name)?.[1];
    return value === undefined ? [] : [value.toLowerCase()];
  });
}

/** A distinguished name in one line; the runtime has none for an empty one. */
function shownName(name: string | undefined): string {
  return (name ?? "").replaceAll("\n", ", ");
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
