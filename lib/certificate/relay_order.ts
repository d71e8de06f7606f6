import { type Authority, type CertificateOrder, OrderRefusedError } from "./authority.ts";
import { readIdentity, type TlsIdentity, unfitness } from "../pki/identity.ts";
import { makeKeyAndRequest } from "../pki/keys.ts";
import type { RelayStore } from "./store.ts";

/** Options for {@linkcode orderRelayCertificate}. */
export interface RelayOrderOptions {
  authority: Authority;
  /** Names that the certificate must carry. */
  names: readonly string[];
  store: RelayStore;
  /** Clock in milliseconds since the epoch. */
  now: () => number;
  /** Certificate that is to be replaced, PEM. */
  replaces?: string;
  onStep?: CertificateOrder["onStep"];
  signal?: AbortSignal;
}

/**
 * Orders the relay's certificate once and stores it; the caller holds the relay lock.
 *
 * Key and request are kept until the certificate is stored, so that a restart finds the order that it
 * left at the authority instead of spending another certificate.
 *
 * @throws {Error} when the authority fails, or what it sent is no good; the stored certificate then
 * stays as it is.
 */
export async function orderRelayCertificate(options: RelayOrderOptions): Promise<TlsIdentity> {
  const { authority, names, store, now, replaces, onStep, signal } = options;
  const next = await nextKey(store, names);
  signal?.throwIfAborted();
  const chain = await authority.issue({ csr: next.csr, names, replaces, onStep, signal })
    .catch(async (error) => {
      // Its key may be what is refused, as one that others know of.
      if (error instanceof OrderRefusedError) await forget();
      throw error;
    });
  const identity = await fitIdentity(chain, next.key, options).catch(async (error) => {
    await forget();
    throw error;
  });
  onStep?.("certificate checked", { notAfter: new Date(identity.notAfter).toISOString() });
  await store.write(identity, {
    authority: authority.kind,
    source: authority.source,
    obtainedAt: new Date(now()).toISOString(),
  });
  onStep?.("certificate stored");
  await forget();
  return identity;

  /** Stored or spoilt, this request has had its answer. Never rejects: the next order does without. */
  async function forget(): Promise<void> {
    await authority.forget?.(next.csr);
    await store.removeNext().catch((error) => onStep?.("request not forgotten", { error }));
  }
}

/** @throws {Error} when what was signed is not what was asked for. */
async function fitIdentity(
  chain: string,
  key: string,
  { names, now }: RelayOrderOptions,
): Promise<TlsIdentity> {
  const identity = await readIdentity(chain, key);
  const unfit = unfitness(identity, { names, now: now() });
  if (unfit === undefined) return identity;
  throw new Error(`Cannot use the certificate just signed: ${unfit}`);
}

async function nextKey(
  store: RelayStore,
  names: readonly string[],
): Promise<{ key: string; csr: string }> {
  const kept = await store.readNext();
  if (kept !== undefined) {
    const { requestNames } = await import("../pki/csr.ts");
    if (sameNames(requestNames(kept.csr), names)) return kept;
  }
  const made = await makeKeyAndRequest(names);
  await store.writeNext(made);
  return made;
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name) => b.includes(name));
}
