import { join } from "node:path";
import { readIfThere, removeDurably, writeDurably } from "../file/durable.ts";
import { lstat } from "../file/plain_file.ts";
import { readIdentity, type TlsIdentity } from "../pki/identity.ts";
import { keyFingerprint } from "../pki/key_fingerprint.ts";

/** One file for key and chain, so that one rename swaps both; HAProxy's `crt` takes it as it is. */
const RELAY_FILE = "relay.pem";

/** The key and request of an order under way: a restart goes on with them. */
const NEXT_FILE = "relay-next.pem";

/** What the last attempts came to; only told, never decided by. */
const STATUS_FILE = "relay-status.json";

/** Notes about a certificate, kept in its file above the PEM blocks (RFC 7468 allows text there). */
export interface RelayMetadata {
  /** `local` or `acme`. */
  authority: string;
  /** {@linkcode Authority.source} of the one who signed it. */
  source?: string;
  /** RFC 3339. */
  obtainedAt: string;
  /** Keys of the certificates before it, newest first, and until when (RFC 3339) these are good. */
  formerKeys?: { fingerprint: string; notAfter: string }[];
}

/** A stored relay certificate. */
export interface StoredRelay {
  identity: TlsIdentity;
  /** undefined when somebody else put the file there. */
  metadata?: RelayMetadata;
}

/** What became of the attempts to get a certificate; times in RFC 3339. */
export interface RelayStatus {
  lastAttemptAt?: string;
  /** Why the last attempt failed; absent after a success. */
  lastError?: string;
  /** Failures in a row. */
  failures: number;
  nextAttemptAt?: string;
  /** When the daemon means to renew, and the certificate (SHA-256, hex) that it means it for. */
  plan?: { renewAt: string; fingerprint: string };
}

/** The relay's certificate files in one state folder. */
export interface RelayStore {
  /**
   * Reads the certificate and its key; undefined when there is none.
   *
   * @throws {Error} when it cannot be read or is not a pair.
   */
  read(): Promise<StoredRelay | undefined>;
  /**
   * Swaps certificate and key as a pair, safe against loss of power; checks that they are one. The key before stays
   * in its notes for as long as its certificate is good.
   */
  write(identity: TlsIdentity, metadata: RelayMetadata): Promise<void>;
  /** Changes whenever the stored certificate does; cheap enough to ask for every second. */
  version(): Promise<string>;
  /** PEM key and request of an order under way. */
  readNext(): Promise<{ key: string; csr: string } | undefined>;
  writeNext(next: { key: string; csr: string }): Promise<void>;
  removeNext(): Promise<void>;
  readStatus(): Promise<RelayStatus>;
  writeStatus(status: RelayStatus): Promise<void>;
}

const METADATA_LINE = /^glossond (\{.*\})$/m;
const KEY_PEM =
  /-----BEGIN (?:EC |RSA )?PRIVATE KEY-----[^-]+-----END (?:EC |RSA )?PRIVATE KEY-----/;
const CHAIN_PEM = /-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----/;
const REQUEST_PEM = /-----BEGIN CERTIFICATE REQUEST-----[^-]+-----END CERTIFICATE REQUEST-----/;

/** Opens the relay's certificate files; `stateDir` exists already. */
export function openRelayStore(stateDir: string): RelayStore {
  const path = join(stateDir, RELAY_FILE);
  const nextPath = join(stateDir, NEXT_FILE);
  const statusPath = join(stateDir, STATUS_FILE);

  async function read(): Promise<StoredRelay | undefined> {
    const text = await readIfThere(path);
    if (text === undefined) return undefined;
    const key = text.match(KEY_PEM)?.[0];
    const chain = text.match(CHAIN_PEM)?.[0];
    if (key === undefined || chain === undefined) {
      throw new TypeError(`Cannot use ${path}: it lacks its key or its chain; remove it`);
    }
    const identity = await readIdentity(chain + "\n", key + "\n");
    const line = text.match(METADATA_LINE)?.[1];
    return { identity, metadata: line === undefined ? undefined : parseObject(line) };
  }

  async function write(identity: TlsIdentity, metadata: RelayMetadata): Promise<void> {
    await readIdentity(identity.cert, identity.key);
    // One that cannot be read is one that cannot be served either.
    const before = await read().catch(() => undefined);
    const formerKeys = formerKeysAfter(before, Date.parse(metadata.obtainedAt));
    const notes = { ...metadata, ...(formerKeys.length > 0 && { formerKeys }) };
    const note = `glossond ${JSON.stringify(notes)}`;
    await writeDurably(path, `${note}\n${identity.key}${identity.cert}`, 0o600);
  }

  function version(): Promise<string> {
    try {
      const { ino, mtime, size } = lstat(path)!;
      return Promise.resolve(`${ino} ${mtime?.getTime()} ${size}`);
    } catch {
      return Promise.resolve("none");
    }
  }

  async function readNext(): Promise<{ key: string; csr: string } | undefined> {
    const text = await readIfThere(nextPath) ?? "";
    const key = text.match(KEY_PEM)?.[0];
    const csr = text.match(REQUEST_PEM)?.[0];
    return key && csr ? { key: key + "\n", csr: csr + "\n" } : undefined;
  }

  return {
    read,
    write,
    version,
    readNext,
    writeNext: ({ key, csr }) => writeDurably(nextPath, key + csr, 0o600),
    removeNext: () => removeDurably(nextPath),
    async readStatus(): Promise<RelayStatus> {
      const text = await readIfThere(statusPath).catch(() => undefined);
      return { failures: 0, ...parseObject<RelayStatus>(text ?? "{}") };
    },
    writeStatus: (status) =>
      writeDurably(statusPath, JSON.stringify(status, null, 2) + "\n", 0o644),
  };
}

/** What the notes of the next certificate say of the keys before it. */
function formerKeysAfter(
  before: StoredRelay | undefined,
  now: number,
): NonNullable<RelayMetadata["formerKeys"]> {
  if (before === undefined) return [];
  const { identity: { cert, notAfter }, metadata } = before;
  const last = { fingerprint: keyFingerprint(cert), notAfter: new Date(notAfter).toISOString() };
  return [last, ...metadata?.formerKeys ?? []].filter((key) => Date.parse(key.notAfter) > now);
}

/** Fingerprints of the keys of all certificates that the relay has and had, as far as these are good still. */
export function relayKeys({ identity, metadata }: StoredRelay, now: number): string[] {
  const former = (metadata?.formerKeys ?? []).filter(({ notAfter }) => Date.parse(notAfter) > now);
  return [...new Set([keyFingerprint(identity.cert), ...former.map((key) => key.fingerprint)])];
}

/** Notes are for people: broken ones are worth no failure. */
function parseObject<T>(json: string): T | undefined {
  try {
    return JSON.parse(json) as T;
  } catch {
    return undefined;
  }
}
