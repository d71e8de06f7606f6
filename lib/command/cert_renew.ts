import { join } from "node:path";
import type { Authority } from "../certificate/authority.ts";
import { openStateFolder } from "../file/state_folder.ts";
import { unfitness } from "../pki/identity.ts";
import { acquireLock, type Lock, lockOwner } from "../file/lock.ts";
import { createProgress, type Progress } from "./progress.ts";
import { RELAY_LOCK_FILE } from "../certificate/renewal_loop.ts";
import { orderRelayCertificate } from "../certificate/relay_order.ts";
import { notedRenewalTime, planOf } from "../certificate/renewal_plan.ts";
import { jitteredRenewalTime } from "../certificate/renewal_schedule.ts";
import { sleep } from "../net/pause.ts";
import { openRelayStore, type RelayStore, type StoredRelay } from "../certificate/store.ts";

/** Exit codes of `glossond cert renew`. */
export const RENEW_EXIT = {
  /** Renewed, or not due yet. */
  done: 0,
  /** Failed; the installed certificate is still good. */
  failed: 1,
  /** Failed, and no usable certificate is installed. */
  unusable: 2,
  /** Another order is under way, by the daemon as a rule. */
  busy: 3,
} as const;

/** How long the daemon's order is waited for. */
const LOCK_WAIT_MS = 300_000;

/** How long an order that is stopped may take to clean up. */
const STOP_GRACE_MS = 700;

/** How long a relay that was started meanwhile may take to serve what was stored. */
const SERVED_WAIT_MS = 15_000;

/** How often it is asked. */
const SERVED_STEP_MS = 250;

/** Options for {@linkcode certRenew}. */
export interface CertRenewOptions {
  authority: Authority;
  /** Names that the certificate must carry. */
  names: readonly string[];
  stateDir: string;
  /** Also when renewal is not due. */
  force?: boolean;
  /** One JSON object a step instead of lines for people. */
  json?: boolean;
  /** Erases the line of the terminal that `write` goes to, which gets a spinner. */
  eraseLine?: () => void;
  write: (text: string) => void;
  /** Ends the order soon after it is aborted, cleaned up or not: the next one cleans up. */
  signal?: AbortSignal;
  /** Asks a relay that was started meanwhile for the fingerprint that it serves. @default none is asked */
  servedFingerprint?: () => Promise<string | undefined>;
  /** Clock in milliseconds since the epoch. @default {Date.now} */
  now?: () => number;
  /** How long to wait while another process orders. @default {5 minutes} */
  lockWaitMs?: number;
}

/**
 * `glossond cert renew` when no relay runs: orders the relay's certificate now. A relay that is
 * starting meanwhile is kept apart by a lock, and picks the certificate up by itself.
 *
 * @returns a value of {@linkcode RENEW_EXIT}.
 */
export async function certRenew(options: CertRenewOptions): Promise<number> {
  const { stateDir, json = false, eraseLine, write, signal } = options;
  openStateFolder(stateDir);
  const progress = createProgress({ json, ...(eraseLine && !json && { eraseLine }), write });
  const order = orderUnderLock(options, progress);
  try {
    return await Promise.race([order, ...signal === undefined ? [] : [afterGrace(signal)]]);
  } catch (error) {
    if (!signal?.aborted) throw error;
    // It goes on until this process ends, which is soon; nobody hears of it any more.
    order.catch(() => {});
    progress.end("failed", { why: error, while: progress.waiting() });
    return RENEW_EXIT.failed;
  } finally {
    progress.close();
  }
}

/** Rejects with the signal's reason when what it stops has had its time. */
function afterGrace(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const late = (): void => void setTimeout(() => reject(signal.reason), STOP_GRACE_MS);
    if (signal.aborted) late();
    else signal.addEventListener("abort", late, { once: true });
  });
}

async function orderUnderLock(options: CertRenewOptions, progress: Progress): Promise<number> {
  const { stateDir, lockWaitMs = LOCK_WAIT_MS } = options;
  const lockPath = join(stateDir, RELAY_LOCK_FILE);
  let lock = await acquireLock(lockPath, { owner: "glossond cert renew" });
  if (lock === undefined) {
    progress.step("waiting for another order", { of: await lockOwner(lockPath) });
    lock = await acquireLock(lockPath, { owner: "glossond cert renew", waitMs: lockWaitMs });
  }
  if (lock === undefined) {
    progress.end("busy", { why: `another order is under way: ${await lockOwner(lockPath)}` });
    return RENEW_EXIT.busy;
  }
  return await renewUnder(lock, options, progress);
}

/**
 * A relay that was started meanwhile takes the certificate over by itself, in a moment. A signal ends
 * the wait, never the renewal, which is done.
 */
async function waitUntilServed(
  fingerprint: string,
  { servedFingerprint, signal }: CertRenewOptions,
  progress: Progress,
): Promise<{ served?: string }> {
  const until = performance.now() + SERVED_WAIT_MS;
  const stopped = Promise.withResolvers<void>();
  signal?.addEventListener("abort", () => stopped.resolve(), { once: true });
  for (let tries = 0; performance.now() < until && !signal?.aborted; tries++) {
    const served = await Promise.race([servedFingerprint?.(), stopped.promise]);
    if (signal?.aborted) break;
    if (served === undefined || served === fingerprint) return {};
    if (tries === 0) progress.step("waiting until the relay serves it");
    await sleep(SERVED_STEP_MS, signal);
  }
  return signal?.aborted
    ? { served: `not seen yet, since the wait for it was ${(signal.reason as Error).message}` }
    : {};
}

async function renewUnder(
  lock: Lock,
  options: CertRenewOptions,
  progress: Progress,
): Promise<number> {
  const { authority, names, stateDir, force = false, signal, now = Date.now } = options;
  const store = openRelayStore(stateDir);
  const startedAt = new Date(now()).toISOString();
  const installed = await readInstalled(store, progress);
  const usable = installed !== undefined &&
    unfitness(installed.identity, { names, now: now() }) === undefined;
  try {
    const renewAt = usable ? notedRenewalTime(installed.identity, await store.readStatus()) : 0;
    const source = installed?.metadata?.source;
    const foreign = authority.source !== undefined && source !== undefined &&
      source !== authority.source;
    if (!force && !foreign && now() < renewAt) {
      progress.end("not due", {
        renewalDue: new Date(renewAt).toISOString(),
        hint: "--force renews all the same",
      });
      return RENEW_EXIT.done;
    }
    const identity = await orderRelayCertificate({
      authority,
      names,
      store,
      now,
      replaces: installed?.identity.cert,
      onStep: (step, fields) => progress.step(step, fields),
      signal,
    });
    const plan = planOf(identity, jitteredRenewalTime(identity, Math.random));
    await store.writeStatus({ failures: 0, lastAttemptAt: startedAt, plan }).catch(() => {});
    const seen = await waitUntilServed(plan.fingerprint, options, progress);
    progress.end("renewed", { notAfter: new Date(identity.notAfter).toISOString(), ...seen });
    return RENEW_EXIT.done;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const before = await store.readStatus();
    await store.writeStatus({
      ...before,
      failures: before.failures + 1,
      lastAttemptAt: startedAt,
      lastError: why,
    }).catch(() => {});
    progress.end("failed", {
      why,
      ...(signal?.aborted && { while: progress.waiting() }),
      installed: usable ? "the installed certificate stays" : "no usable certificate is installed",
    });
    return usable ? RENEW_EXIT.failed : RENEW_EXIT.unusable;
  } finally {
    lock.release();
  }
}

/** A stored certificate that cannot be read is as good as none: renewing mends it. */
async function readInstalled(
  store: RelayStore,
  progress: Progress,
): Promise<StoredRelay | undefined> {
  try {
    return await store.read();
  } catch (error) {
    progress.step("installed certificate is not used", { why: error });
  }
}
