import { Buffer } from "node:buffer";
import { join } from "node:path";
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
import type { Authority, CertificateOrder } from "./authority.ts";
import { readIfThere, writeDurably } from "../file/durable.ts";
import { openStateFolder } from "../file/state_folder.ts";
import { generalName } from "../pki/keys.ts";
import { derOf, pem } from "../pki/pem.ts";
import { acquireLock } from "../file/lock.ts";
import { readIdentity, unfitness } from "../pki/identity.ts";
import { nameConstraints } from "../pki/name_constraints.ts";

/** File names in the state folder. */
const ROOT_FILE = "local-ca.pem";
const KEY_FILE = "local-ca-key.pem";
const LOCK_FILE = "local-ca.lock";

/** How long another process may take to make the root. */
const LOCK_WAIT_MS = 10_000;

const DAY_MS = 86_400_000;
const ROOT_LIFETIME_MS = 3650 * DAY_MS;

/** Certificates begin a little earlier, for visitors whose clocks are behind. */
const BACKDATE_MS = 3_600_000;

/** Longest common name that X.520 allows. */
const MAX_COMMON_NAME = 64;

/** The names that lead to this machine from itself, for clients beside the relay. */
const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "::1"] as const;

const SIGNING = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** Options for {@linkcode openLocalAuthority}. */
export interface LocalAuthorityOptions {
  /** Folder that holds `local-ca.pem` (world-readable) and `local-ca-key.pem` (0600). */
  stateDir: string;
  /** The root may sign this domain and what is below it, and nothing else but loopback names. */
  baseDomain: string;
  /** Clock in milliseconds since the epoch. @default {Date.now} */
  now?: () => number;
  /** Lifetime of the certificates it signs. @default {90 days} */
  lifetimeMs?: number;
  /** Further names that the root may sign. @default {localhost, 127.0.0.1 and ::1} */
  extraNames?: readonly string[];
}

/**
 * Opens the embedded certificate authority; its root is made at first use and kept.
 *
 * The root carries critical name constraints (RFC 5280, section 4.2.1.10): who imports it into a
 * browser trusts it for `baseDomain` and this machine's own names, not for the rest of the web.
 *
 * @throws {Error} when the stored root cannot be used; the message says how to mend it.
 */
export async function openLocalAuthority(options: LocalAuthorityOptions): Promise<Authority> {
  const { stateDir, baseDomain, now = Date.now, lifetimeMs = 90 * DAY_MS } = options;
  const { extraNames = LOOPBACK_NAMES } = options;
  const permitted = [baseDomain, ...extraNames];
  const root = await openRoot({ stateDir, permitted, now });
  const thumbprint = new Uint8Array(await root.certificate.getThumbprint("SHA-256"));

  async function issue({ csr, names, onStep, signal }: CertificateOrder): Promise<string> {
    signal?.throwIfAborted();
    const request = new Pkcs10CertificateRequest(csr);
    const notBefore = now() - BACKDATE_MS;
    const first = names[0] ?? "";
    const leaf = await X509CertificateGenerator.create({
      serialNumber: randomSerial(),
      subject: first.length <= MAX_COMMON_NAME ? [{ CN: [first] }] : [],
      issuer: root.certificate.subjectName,
      notBefore: new Date(notBefore),
      notAfter: new Date(Math.min(now() + lifetimeMs, root.certificate.notAfter.getTime())),
      publicKey: request.publicKey,
      signingKey: root.key,
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
        await AuthorityKeyIdentifierExtension.create(root.certificate.publicKey),
      ],
    });
    onStep?.("certificate signed by the local authority", { names: names.join(" ") });
    return `${leaf.toString("pem")}\n${root.certificate.toString("pem")}\n`;
  }

  return {
    kind: "local",
    source: `local:${thumbprint.toHex()}`,
    issue,
  };
}

interface Root {
  certificate: X509Certificate;
  key: CryptoKey;
}

interface RootOptions {
  stateDir: string;
  permitted: readonly string[];
  now: () => number;
}

async function openRoot({ stateDir, permitted, now }: RootOptions): Promise<Root> {
  openStateFolder(stateDir);
  // Two processes that both find no root would make two, and sign with one that is then gone.
  const lock = await acquireLock(join(stateDir, LOCK_FILE), {
    owner: "local authority",
    waitMs: LOCK_WAIT_MS,
  });
  if (lock === undefined) throw new Error(`Cannot open ${ROOT_FILE}: another process holds it`);
  try {
    const rootPath = join(stateDir, ROOT_FILE);
    const keyPath = join(stateDir, KEY_FILE);
    const rootPem = await readIfThere(rootPath);
    if (rootPem === undefined) {
      const made = await makeRoot(permitted, now());
      // The key first: a root without its key could never be used, a key alone is made anew.
      await writeDurably(keyPath, made.keyPem, 0o600);
      await writeDurably(rootPath, made.certificate.toString("pem") + "\n", 0o644);
      return made;
    }
    return await readRoot(rootPath, rootPem, await readIfThere(keyPath), { permitted, now: now() });
  } finally {
    lock.release();
  }
}

async function readRoot(
  path: string,
  rootPem: string,
  keyPem: string | undefined,
  { permitted, now }: { permitted: readonly string[]; now: number },
): Promise<Root> {
  const fix = `remove it to get a new one (browsers must then trust the new one)`;
  if (keyPem === undefined) throw new Error(`Cannot use ${path}: its key is missing; ${fix}`);
  try {
    const unfit = unfitness(await readIdentity(rootPem, keyPem), { names: [], now });
    if (unfit !== undefined) throw new Error(unfit);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`Cannot use ${path}: ${why}; ${fix}`, { cause: error });
  }
  const certificate = new X509Certificate(rootPem);
  const wanted = new Uint8Array(nameConstraints(permitted));
  const found = new Uint8Array(certificate.getExtension("2.5.29.30")?.value ?? new ArrayBuffer(0));
  if (Buffer.compare(wanted, found) !== 0) {
    throw new Error(
      `Cannot use ${path}: it was made for other names than ${permitted[0]}; ${fix}`,
    );
  }
  return { certificate, key: await importKey(keyPem) };
}

async function makeRoot(
  permitted: readonly string[],
  now: number,
): Promise<Root & { keyPem: string }> {
  const keys = await crypto.subtle.generateKey(SIGNING, true, ["sign", "verify"]);
  const name = `Glosson local authority for ${permitted[0]}`.slice(0, MAX_COMMON_NAME);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: randomSerial(),
    name: [{ CN: [name] }],
    notBefore: new Date(now - BACKDATE_MS),
    notAfter: new Date(now + ROOT_LIFETIME_MS),
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
  return { certificate, key: keys.privateKey, keyPem: pem("PRIVATE KEY", der) };
}

async function importKey(keyPem: string): Promise<CryptoKey> {
  return await crypto.subtle.importKey("pkcs8", derOf(keyPem), SIGNING, false, ["sign"]);
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
