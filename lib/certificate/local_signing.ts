import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { generalName } from "../pki/keys.ts";
import { nameConstraints } from "../pki/name_constraints.ts";
import { derOf, pem } from "../pki/pem.ts";

/** Certificates begin a little earlier, for visitors whose clocks are behind. */
const BACKDATE_MS = 3_600_000;

/** Longest common name that X.520 allows. */
const MAX_COMMON_NAME = 64;

const SIGNING = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** A root certificate with its key, PEM both. */
export interface Root {
  cert: string;
  key: string;
}

/** How long a certificate is to be good from now on, milliseconds. */
interface Life {
  now: number;
  lifetimeMs: number;
}

/** Makes a root that may sign these names and what is below them. */
export async function makeRoot(
  permitted: readonly string[],
  { now, lifetimeMs }: Life,
): Promise<Root> {
  const keys = await crypto.subtle.generateKey(SIGNING, true, ["sign", "verify"]);
  const name = `Glosson local authority for ${permitted[0]}`.slice(0, MAX_COMMON_NAME);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: randomSerial(),
    name: [{ CN: [name] }],
    notBefore: new Date(now - BACKDATE_MS),
    notAfter: new Date(now + lifetimeMs),
    keys,
    signingAlgorithm: SIGNING,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      new Extension("2.5.29.30", true, nameConstraints(permitted)),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const der = new Uint8Array(await crypto.subtle.exportKey("pkcs8", keys.privateKey));
  return { cert: certificate.toString("pem") + "\n", key: pem("PRIVATE KEY", der) };
}

/** Signs a request for these names; returns the chain, the root last. Its end is no later than the root's. */
export async function signLeaf(
  root: Root,
  csr: string,
  names: readonly string[],
  { now, lifetimeMs }: Life,
): Promise<string> {
  const issuer = new X509Certificate(root.cert);
  const request = new Pkcs10CertificateRequest(csr);
  const first = names[0] ?? "";
  const leaf = await X509CertificateGenerator.create({
    serialNumber: randomSerial(),
    subject: first.length <= MAX_COMMON_NAME ? [{ CN: [first] }] : [],
    issuer: issuer.subjectName,
    notBefore: new Date(now - BACKDATE_MS),
    notAfter: new Date(Math.min(now + lifetimeMs, issuer.notAfter.getTime())),
    publicKey: request.publicKey,
    signingKey: await crypto.subtle.importKey("pkcs8", derOf(root.key), SIGNING, false, ["sign"]),
    signingAlgorithm: SIGNING,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(keyUsage(request), true),
      new ExtendedKeyUsageExtension(["1.3.6.1.5.5.7.3.1"]), // serverAuth
      new SubjectAlternativeNameExtension(
        names.map(generalName),
        first.length > MAX_COMMON_NAME, // critical when the subject is empty (RFC 5280)
      ),
      await SubjectKeyIdentifierExtension.create(request.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return `${leaf.toString("pem")}\n${issuer.toString("pem")}\n`;
}

/** RSA keys may also be used for key exchange by old TLS versions; EC keys only sign. */
function keyUsage(request: Pkcs10CertificateRequest): KeyUsageFlags {
  const rsa = request.publicKey.algorithm.name.startsWith("RSA");
  return rsa
    ? KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment
    : KeyUsageFlags.digitalSignature;
}

/** 128 random bits behind a byte that keeps the number positive. */
function randomSerial(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return "01" + bytes.toHex();
}
