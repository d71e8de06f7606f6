import { Buffer } from "node:buffer";
import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import type { Authority, CertificateOrder } from "./authority.ts";
import type { Root } from "./local_signing.ts";
import { readIfThere, writeDurably } from "../file/durable.ts";
import { openStateFolder } from "../file/state_folder.ts";
import { acquireLock } from "../file/lock.ts";
import { leafFingerprint, readIdentity, unfitness } from "../pki/identity.ts";
import { nameConstraints } from "../pki/name_constraints.ts";

/*
 * What signs is imported where something is signed: its library would take a quarter of each start.
 */

/** File names in the state folder. */
const ROOT_FILE = "local-ca.pem";
const KEY_FILE = "local-ca-key.pem";
const LOCK_FILE = "local-ca.lock";

/** How long another process may take to make the root. */
const LOCK_WAIT_MS = 10_000;

const DAY_MS = 86_400_000;
const ROOT_LIFETIME_MS = 3650 * DAY_MS;

/** The names that lead to this machine from itself, for clients beside the relay. */
const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "::1"] as const;

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

  async function issue({ csr, names, onStep, signal }: CertificateOrder): Promise<string> {
    signal?.throwIfAborted();
    const life = { now: now(), lifetimeMs };
    const { signLeaf } = await import("./local_signing.ts");
    const chain = await signLeaf(root, csr, names, life);
    onStep?.("certificate signed by the local authority", { names: names.join(" ") });
    return chain;
  }

  return {
    kind: "local",
    source: `local:${leafFingerprint(root.cert)}`,
    issue,
  };
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
      const { makeRoot } = await import("./local_signing.ts");
      const made = await makeRoot(permitted, { now: now(), lifetimeMs: ROOT_LIFETIME_MS });
      // The key first: a root without its key could never be used, a key alone is made anew.
      await writeDurably(keyPath, made.key, 0o600);
      await writeDurably(rootPath, made.cert, 0o644);
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
  // The runtime's reader does not tell extensions, whose bytes stand in the certificate as they were signed.
  const constraints = Buffer.from(nameConstraints(permitted));
  if (!new X509Certificate(rootPem).raw.includes(constraints)) {
    throw new Error(
      `Cannot use ${path}: it was made for other names than ${permitted[0]}; ${fix}`,
    );
  }
  return { cert: rootPem, key: keyPem };
}
