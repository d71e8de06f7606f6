import { join } from "node:path";
import type { Log } from "../log.ts";
import type { Authority, CertificateOrder } from "./authority.ts";
import { openStateFolder } from "../file/state_folder.ts";
import { readChain, type TlsIdentity, unfitness } from "../pki/identity.ts";
import { acquireLock, lockOwner } from "../file/lock.ts";
import { settleWithin } from "../net/pause.ts";
import { orderRelayCertificate } from "./relay_order.ts";
import { createRenewalPlan } from "./renewal_plan.ts";
import { backoffMs } from "./renewal_schedule.ts";
import { selfSignedIdentity } from "../pki/self_signed.ts";
import { openRelayStore, type RelayStatus, type StoredRelay } from "./store.ts";

export type { TlsIdentity } from "../pki/identity.ts";

/** Held by whoever orders the relay's certificate: the daemon, or `glossond cert renew` beside it. */
export const RELAY_LOCK_FILE = "relay.lock";

/** How often the loop looks at the clock and at the stored certificate. */
const TICK_MS = 2_000;

/** How soon to try again when another process is ordering. */
const LOCK_RETRY_MS = 5_000;

/** How long an order may take to clean up when the relay stops. */
const STOP_TIMEOUT_MS = 10_000;

/** Failures in a row after which a crash does not reset the pauses. */
const CRASH_FAILURES = 3;

/** Options for {@linkcode startRelayCertificate}. */
export interface RelayCertificateOptions {
  authority: Authority;
  /** Names that the certificate must carry: BASE, `*.BASE`, and for the local authority loopback. */
  names: readonly string[];
  stateDir: string;
  log: Log;
  /**
   * Called with every certificate that takes the place of `current()`, after the swap, and awaited;
   * a rejection is logged.
   */
  onChange: (identity: TlsIdentity) => void | Promise<void>;
  /** Clock in milliseconds since the epoch. @default {Date.now} */
  now?: () => number;
  /** As `Math.random`, for jitter. @default {Math.random} */
  random?: () => number;
  /** How often the loop looks at clock and file, in milliseconds. @default {2000} */
  tickMs?: number;
}

/** What {@linkcode RelayCertificate.status} tells; times in milliseconds since the epoch. */
export interface RelayCertificateStatus {
  names: string[];
  issuer: string;
  notBefore: number;
  notAfter: number;
  selfSigned: boolean;
  /** When the next order is due; 0 when it is due at once. */
  renewAt: number;
  /** Why the authority wants it renewed then, when it says so. */
  explanation?: string;
  /** Whether an order runs now. */
  ordering: boolean;
  /** Failures in a row. */
  failures: number;
  lastError?: string;
  lastAttemptAt?: number;
  /** After a failure: when the next try comes. */
  nextAttemptAt?: number;
}

/** Another process orders the relay's certificate. */
export class OrderBusyError extends Error {
  override name = "OrderBusyError";
}

/** The relay's certificate and the loop that keeps it fresh. */
export interface RelayCertificate {
  current(): TlsIdentity;
  /**
   * Orders a new certificate at once (or joins the order that runs, whose further steps are not told);
   * rejects when it fails, with {@linkcode OrderBusyError} when another process is ordering.
   */
  renewNow(onStep?: CertificateOrder["onStep"]): Promise<void>;
  status(): RelayCertificateStatus;
  /** Ends the loop; resolves when an order under way has cleaned up. */
  stop(): Promise<void>;
}

/**
 * Loads or makes the relay's certificate and keeps it fresh until stopped.
 *
 * Resolves with something to serve: the stored certificate, else from the local authority a new
 * one, else a self-signed one while the first order runs. Failed orders are logged, counted and
 * tried again with growing pauses; they never end the loop and never replace what is served.
 */
export async function startRelayCertificate(
  options: RelayCertificateOptions,
): Promise<RelayCertificate> {
  const { authority, names, stateDir, log, onChange } = options;
  const { now = Date.now, random = Math.random, tickMs = TICK_MS } = options;
  openStateFolder(stateDir);
  const store = openRelayStore(stateDir);
  const lockPath = join(stateDir, RELAY_LOCK_FILE);
  const plan = createRenewalPlan({ authority, log, now, random });
  const stopping = new AbortController();

  let started = false;
  let attempt: Promise<void> | undefined;
  let seenVersion = await store.version();
  let { status, retryAt } = afterRestart(await store.readStatus());

  const stored = await loadStored();
  let current = stored?.identity ?? await selfSignedIdentity(names, now());
  if (stored !== undefined) plan.reset(stored);
  if (plan.dueAt() === 0 && authority.kind === "local") await order().catch(() => {});
  if (stored !== undefined) await savePlan();
  started = true;

  let timer: ReturnType<typeof setTimeout> | undefined;
  let ticking: Promise<void> = Promise.resolve();
  scheduleTick(0);

  function scheduleTick(delayMs: number): void {
    if (stopping.signal.aborted) return;
    timer = setTimeout(() => {
      ticking = tick()
        .catch((error) => log.error("certificate loop stumbled", { error }))
        .finally(() => scheduleTick(tickMs));
    }, delayMs);
  }

  async function tick(): Promise<void> {
    await pickUp();
    if (await plan.ask(current)) await savePlan();
    if (now() >= Math.max(plan.dueAt(), retryAt)) await order().catch(() => {});
  }

  /** The stored certificate if it can be served; logs why when it cannot. */
  async function loadStored(): Promise<StoredRelay | undefined> {
    try {
      const found = await store.read();
      if (found === undefined) return undefined;
      const { notBefore: inside } = found.identity;
      const unfit = unfitness(found.identity, { names, now: inside });
      if (unfit !== undefined) throw new Error(unfit);
      // Out of date by this clock it is still the best there is: the clock may be what is wrong.
      const late = unfitness(found.identity, { names, now: now() });
      if (late !== undefined) log.warn("stored certificate is served all the same", { why: late });
      return found;
    } catch (error) {
      log.error("stored certificate is not used", { why: error });
    }
  }

  /** Takes over what another process has stored. */
  async function pickUp(): Promise<void> {
    const version = await store.version();
    // An order of our own that has just stored its certificate takes it over itself.
    if (version === seenVersion || attempt !== undefined) return;
    seenVersion = version;
    const found = await loadStored();
    if (found === undefined || found.identity.cert === current.cert) return;
    log.info("certificate stored by another process");
    retryAt = 0;
    status = { failures: 0, lastAttemptAt: (await store.readStatus()).lastAttemptAt };
    await adopt(found);
  }

  async function adopt(found: StoredRelay): Promise<void> {
    current = found.identity;
    plan.reset(found);
    await savePlan();
    log.info("certificate in use", {
      names: current.names.join(" "),
      issuer: current.issuer,
      notAfter: new Date(current.notAfter).toISOString(),
      renewAt: new Date(plan.dueAt()).toISOString(),
    });
    if (!started) return;
    try {
      await onChange(current);
    } catch (error) {
      log.error("certificate not taken over by a listener", { error });
    }
  }

  /** Lets `cert check` know when renewal is due: jitter and the authority's window are in it. */
  async function savePlan(): Promise<void> {
    const { fingerprint } = await readChain(current.cert);
    status.plan = { renewAt: new Date(plan.dueAt()).toISOString(), fingerprint };
    await saveStatus();
  }

  /** One order at a time: who comes while one runs gets that one's end. */
  function order(onStep?: CertificateOrder["onStep"]): Promise<void> {
    attempt ??= attemptOrder(onStep).finally(() => {
      attempt = undefined;
    });
    return attempt;
  }

  async function attemptOrder(onStep?: CertificateOrder["onStep"]): Promise<void> {
    const startedAt = now();
    const lock = await acquireLock(lockPath, { owner: "daemon" });
    if (lock === undefined) {
      // Whoever holds it is ordering right now: its certificate is picked up when it is stored.
      retryAt = now() + LOCK_RETRY_MS;
      throw new OrderBusyError(
        `Another order is under way: ${await lockOwner(lockPath)}; wait for its end`,
      );
    }
    try {
      await orderRelayCertificate({
        authority,
        names,
        store,
        now,
        replaces: current.selfSigned ? undefined : current.cert,
        onStep(step, fields) {
          log.info(step, fields);
          onStep?.(step, fields);
        },
        signal: stopping.signal,
      });
      retryAt = 0;
      status = { failures: 0, lastAttemptAt: new Date(startedAt).toISOString() };
      seenVersion = await store.version();
      const found = await store.read();
      if (found !== undefined && found.identity.cert !== current.cert) await adopt(found);
    } catch (error) {
      if (!stopping.signal.aborted) await noteFailure(error, startedAt);
      throw error;
    } finally {
      lock.release();
    }
  }

  async function noteFailure(error: unknown, startedAt: number): Promise<void> {
    const failures = status.failures + 1;
    const left = current.selfSigned ? 0 : current.notAfter - now();
    const { until } = error as { until?: unknown };
    retryAt = Math.max(
      now() + backoffMs(failures, left, random),
      typeof until === "number" ? until : 0,
    );
    status = {
      ...status,
      failures,
      lastError: error instanceof Error ? error.message : String(error),
      lastAttemptAt: new Date(startedAt).toISOString(),
      nextAttemptAt: new Date(retryAt).toISOString(),
    };
    log.error("certificate order failed", {
      why: status.lastError,
      failures,
      nextTryAt: status.nextAttemptAt,
      serving: current.selfSigned ? "self-signed certificate" : "old certificate",
    });
    await saveStatus();
  }

  /** The status file only informs: a full disk must not turn one failure into two. */
  async function saveStatus(now = status): Promise<void> {
    await store.writeStatus(now).catch((error) => log.warn("status not saved", { error }));
  }

  return {
    current: () => current,
    renewNow: order,
    status: () => ({
      names: current.names,
      issuer: current.issuer,
      notBefore: current.notBefore,
      notAfter: current.notAfter,
      selfSigned: current.selfSigned,
      renewAt: plan.dueAt(),
      explanation: plan.explanation(),
      ordering: attempt !== undefined,
      failures: status.failures,
      lastError: status.lastError,
      lastAttemptAt: status.lastAttemptAt ? Date.parse(status.lastAttemptAt) : undefined,
      nextAttemptAt: retryAt || undefined,
    }),
    async stop(): Promise<void> {
      stopping.abort(new Error("glossond is stopping"));
      clearTimeout(timer);
      await settleWithin(STOP_TIMEOUT_MS, [ticking, attempt]);
      await saveStatus({ ...status, nextAttemptAt: undefined });
    },
  };
}

/**
 * What an earlier process's failures mean for this one: nothing if it was stopped, since whoever
 * starts it again may have mended the cause. A process that crashed and comes back by itself keeps
 * to the pauses from the third failure on, or it would hammer the authority.
 */
function afterRestart(before: RelayStatus): { status: RelayStatus; retryAt: number } {
  const { failures, nextAttemptAt, ...rest } = before;
  if (nextAttemptAt === undefined || failures < CRASH_FAILURES) {
    return { status: { ...rest, failures: 0 }, retryAt: 0 };
  }
  return { status: before, retryAt: Date.parse(nextAttemptAt) || 0 };
}
