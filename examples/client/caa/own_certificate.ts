import type { Log } from "../../../lib/log.ts";
import type { Sleep } from "../../../lib/net/pause.ts";
import { selfSignedIdentity } from "../../../lib/pki/self_signed.ts";
import type { KeyType } from "../../../lib/pki/keys.ts";
import type { KeptDomains } from "../domain/kept.ts";
import { openAcme } from "../domain/open_acme.ts";
import type { TlsEnds } from "../front/tls_ends.ts";
import { checkIdentity, type Identity } from "../identity.ts";
import { noteKey } from "../known_keys.ts";
import type { Account } from "../records.ts";
import type { RunOptions } from "../run_arguments.ts";
import type { State } from "../state.ts";

/** How often it is looked whether visitors, and so an authority, can reach this client, milliseconds. */
const ONLINE_LOOK_MS = 500;

const NOT_HERE =
  "With --tls-upstream the certificate is that server's to get: glosson caa own --account URL --authority NAME";

/** Options for {@linkcode orderOwnCertificate}. */
export interface OwnCertificateOptions {
  state: State;
  kept: KeptDomains;
  hostname: string;
  keyType: KeyType;
  /** Where visitors' TLS ends; absent where that is in another program. */
  ends: Pick<TlsEnds, "prove"> | undefined;
  isOnline: () => boolean;
  log: Pick<Log, "warn">;
  now: () => number;
  sleep: Sleep;
  /** Uniform in [0, 1). */
  random: () => number;
  signal: AbortSignal;
}

/**
 * Gets a certificate for the page's own name with the user's ACME account, proved by TLS-ALPN-01 (RFC 8737) through
 * the tunnel, and saves it. Waits until the client is online.
 *
 * @throws {Error} as the authority, and where there is no account.
 */
export async function orderOwnCertificate(options: OwnCertificateOptions): Promise<Identity> {
  const { state, kept, hostname, keyType, ends, isOnline, log, now, sleep, random, signal } =
    options;
  const account = await kept.account();
  if (account === undefined) throw new Error("There is no account to order with: glosson caa own");
  if (ends === undefined) throw new Error(NOT_HERE);
  while (!isOnline()) {
    await sleep(ONLINE_LOOK_MS, signal);
    signal.throwIfAborted();
  }
  const acme = await openAcme({ ...account, now, signal });
  try {
    const before = await state.identity();
    const saved = await acme.order(account, {
      ...{ domain: hostname, keyType, replaces: before?.chain },
      onKey: (key) => noteKey(state, key),
      prove: (identity) => ends.prove(hostname, identity),
      onAccount: (url) => kept.noteRegistered(account, url, log),
    });
    const window = await acme.renewalWindow(saved.chain).catch(() => undefined);
    const renewAt = window && window.start + (window.end - window.start) * random();
    const identity = {
      ...saved,
      ...(renewAt !== undefined && { renewAfter: new Date(renewAt).toISOString() }),
    };
    const checked = checkIdentity(identity, hostname, now());
    await state.saveIdentity(identity);
    return checked;
  } finally {
    acme.close();
  }
}

/** What to do where the page's certificate is another program's to order, and it is asked of this one. */
export const SERVER_ORDERS =
  "Another program orders your certificate (glosson caa): give it visitors by --tls-upstream, or say glosson caa relay, own or off";

/**
 * Checks that who orders the page's certificate, as `glosson caa` has it, can do so in a run.
 *
 * @throws {Error} with a message for the person.
 */
export function requireOrderer(
  { certificateBy, also: before = [] }: Account,
  { tlsUpstream, also = before }: Pick<RunOptions, "tlsUpstream" | "also">,
): void {
  if (certificateBy === undefined) return;
  if (also.length > 0) {
    throw new Error(
      "The relay orders for names below yours, and orders nothing for you (glosson caa): say --no-also",
    );
  }
  if (certificateBy === "own" && tlsUpstream !== undefined) throw new Error(NOT_HERE);
  if (certificateBy === "server" && tlsUpstream === undefined) {
    throw new Error(SERVER_ORDERS);
  }
}

/** What stands in for the first certificate until it is there: an authority can reach the client by then only. */
export async function standIn(hostname: string, now: number): Promise<Identity> {
  const { key, cert: chain } = await selfSignedIdentity([hostname], now);
  return checkIdentity({ key, chain, renewAfter: new Date(now).toISOString() }, hostname, now);
}
