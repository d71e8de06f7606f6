import { join } from "node:path";
import { acquireLock, lockOwner } from "../file/lock.ts";
import { settleWithin } from "../net/pause.ts";
import { type TlsIdentity, unfitness } from "../pki/identity.ts";
import { selfSignedIdentity } from "../pki/self_signed.ts";
import type { CertificateOrder } from "./authority.ts";
import { OrderBusyError, OrderRecord } from "./order_record.ts";
import type {
  RelayCertificate,
  RelayCertificateOptions,
  RelayCertificateStatus,
} from "./relay_certificate.ts";
import { orderRelayCertificate } from "./relay_order.ts";
import { createRenewalPlan, plannedTime, planOf, type RenewalPlan } from "./renewal_plan.ts";
import { openRelayStore, type RelayStore, type StoredRelay } from "./store.ts";

/** Held by whoever orders the relay's certificate: the daemon, or `glossond cert renew` beside it. */
export const RELAY_LOCK_FILE = "relay.lock";

/** How often the loop looks at the clock and at the stored certificate. */
const TICK_MS = 2_000;

/** How soon to try again when another process is ordering. */
const LOCK_RETRY_MS = 5_000;

/**
 * A lock that was released is held for a moment by a program that is being started: it has all files of
 * its parent's until it is loaded (flock(2), fork(2)).
 */
const BRIEFLY = { waitMs: 250, tryEveryMs: 20 } as const;

/** How long an order may take to clean up when the relay stops. */
const STOP_TIMEOUT_MS = 10_000;

/** The loop behind {@linkcode RelayCertificate}: looks, orders, takes over, tries again. */
export class RenewalLoop implements RelayCertificate {
  readonly #options: RelayCertificateOptions;
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #store: RelayStore;
  readonly #plan: RenewalPlan;
  readonly #stopping = new AbortController();
  #hasTurn: boolean;
  #stopped: Promise<void> | undefined;
  #current!: TlsIdentity;
  #record!: OrderRecord;
  /** What of the store was looked at last. */
  #seenVersion: string | undefined;
  #attempt: Promise<void> | undefined;
  /** Whether there was something to serve before, so that a change is one. */
  #started = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ticking: Promise<void> = Promise.resolve();

  private constructor(options: RelayCertificateOptions) {
    const { authority, log, stateDir, now = Date.now, random = Math.random } = options;
    this.#options = options;
    this.#now = now;
    this.#random = random;
    this.#store = openRelayStore(stateDir);
    this.#plan = createRenewalPlan({ authority, log, now, random });
    this.#hasTurn = options.turn === undefined;
    options.turn?.come.then(() => this.#hasTurn = true);
  }

  /** Finds something to serve, then begins. */
  static async start(options: RelayCertificateOptions): Promise<RenewalLoop> {
    const loop = new RenewalLoop(options);
    await loop.#begin();
    return loop;
  }

  current(): TlsIdentity {
    return this.#current;
  }

  renewNow(onStep?: CertificateOrder["onStep"]): Promise<void> {
    return this.#order(onStep);
  }

  status(): RelayCertificateStatus {
    const { names, issuer, notBefore, notAfter, selfSigned } = this.#current;
    const { failures, lastError, lastAttemptAt } = this.#record.status;
    return {
      ...{ names, issuer, notBefore, notAfter, selfSigned },
      renewAt: this.#plan.dueAt(),
      explanation: this.#plan.explanation(),
      ordering: this.#attempt !== undefined,
      failures,
      lastError,
      lastAttemptAt: lastAttemptAt ? Date.parse(lastAttemptAt) : undefined,
      nextAttemptAt: this.#record.retryAt || undefined,
    };
  }

  stop(): Promise<void> {
    return this.#stopped ??= this.#stop();
  }

  async #stop(): Promise<void> {
    this.#stopping.abort(new Error("glossond is stopping"));
    clearTimeout(this.#timer);
    await settleWithin(STOP_TIMEOUT_MS, [this.#ticking, this.#attempt]);
    await this.#record.stopped();
    this.#options.turn?.end();
  }

  async #begin(): Promise<void> {
    const { authority, names, log } = this.#options;
    const [now, random] = [this.#now, this.#random];
    this.#seenVersion = await this.#store.version();
    this.#record = await OrderRecord.open({ store: this.#store, log, now, random });
    const stored = await this.#loadStored();
    this.#current = stored?.identity ?? await selfSignedIdentity(names, now());
    if (stored !== undefined) this.#resetPlan(stored);
    if (this.#plan.dueAt() === 0 && authority.kind === "local") await this.#order().catch(() => {});
    if (stored !== undefined) await this.#savePlan();
    this.#started = true;
    this.#scheduleTick(0);
  }

  #scheduleTick(delayMs: number): void {
    if (this.#stopping.signal.aborted) return;
    const { log, tickMs = TICK_MS } = this.#options;
    this.#timer = setTimeout(() => {
      this.#ticking = this.#tick()
        .catch((error) => log.error("cannot look after the certificate", { error }))
        .finally(() => this.#scheduleTick(tickMs));
    }, delayMs);
  }

  async #tick(): Promise<void> {
    // An order of our own that has just stored its certificate takes it over itself.
    if (this.#attempt === undefined) await this.#pickUp();
    if (await this.#plan.ask(this.#current)) await this.#savePlan();
    if (this.#hasTurn && this.#now() >= Math.max(this.#plan.dueAt(), this.#record.retryAt)) {
      await this.#order().catch(() => {});
    }
  }

  /** The stored certificate if it can be served; logs why when it cannot. */
  async #loadStored(): Promise<StoredRelay | undefined> {
    const { names, log } = this.#options;
    try {
      const found = await this.#store.read();
      if (found === undefined) return undefined;
      const { notBefore: inside } = found.identity;
      const unfit = unfitness(found.identity, { names, now: inside });
      if (unfit !== undefined) throw new Error(unfit);
      // Out of date by this clock it is still the best there is: the clock may be what is wrong.
      const late = unfitness(found.identity, { names, now: this.#now() });
      if (late !== undefined) log.warn("stored certificate is served all the same", { why: late });
      return found;
    } catch (error) {
      log.error("stored certificate is not used", { why: error });
    }
  }

  /** Takes over what another process has stored; whether there was something. */
  async #pickUp(): Promise<boolean> {
    const version = await this.#store.version();
    if (version === this.#seenVersion) return false;
    this.#seenVersion = version;
    const found = await this.#loadStored();
    if (found === undefined || found.identity.cert === this.#current.cert) return false;
    this.#options.log.info("certificate stored by another process");
    await this.#record.overtaken();
    await this.#adopt(found);
    return true;
  }

  async #adopt(found: StoredRelay): Promise<void> {
    const { onChange, log } = this.#options;
    this.#current = found.identity;
    this.#resetPlan(found);
    await this.#savePlan();
    log.info("certificate in use", {
      names: this.#current.names.join(" "),
      issuer: this.#current.issuer,
      notAfter: new Date(this.#current.notAfter).toISOString(),
      renewAt: new Date(this.#plan.dueAt()).toISOString(),
    });
    if (!this.#started) return;
    try {
      await onChange(this.#current);
    } catch (error) {
      log.error("certificate not taken over by a listener", { error });
    }
  }

  #resetPlan(stored: StoredRelay): void {
    this.#plan.reset(stored, plannedTime(stored.identity, this.#record.status));
  }

  async #savePlan(): Promise<void> {
    await this.#record.planned(planOf(this.#current, this.#plan.dueAt()));
  }

  /** One order at a time: who comes while one runs gets that one's end. */
  #order(onStep?: CertificateOrder["onStep"]): Promise<void> {
    this.#attempt ??= this.#attemptOrder(onStep).finally(() => {
      this.#attempt = undefined;
    });
    return this.#attempt;
  }

  async #attemptOrder(onStep?: CertificateOrder["onStep"]): Promise<void> {
    const { authority, names, stateDir, log } = this.#options;
    const startedAt = this.#now();
    const lockPath = join(stateDir, RELAY_LOCK_FILE);
    const lock = await acquireLock(lockPath, { owner: "daemon", ...BRIEFLY });
    if (lock === undefined) {
      // Whoever holds it is ordering right now: its certificate is picked up when it is stored.
      this.#record.postpone(LOCK_RETRY_MS);
      const owner = await lockOwner(lockPath);
      throw new OrderBusyError(`Another order is under way: ${owner}; wait for its end`);
    }
    try {
      // By whoever had the lock just before, perhaps.
      if (await this.#pickUp()) return;
      await orderRelayCertificate({
        authority,
        names,
        store: this.#store,
        now: this.#now,
        replaces: this.#current.selfSigned ? undefined : this.#current.cert,
        onStep(step, fields) {
          log.info(step, fields);
          onStep?.(step, fields);
        },
        signal: this.#stopping.signal,
      });
      this.#record.succeeded(startedAt);
      this.#seenVersion = await this.#store.version();
      const found = await this.#store.read();
      if (found && found.identity.cert !== this.#current.cert) await this.#adopt(found);
    } catch (error) {
      if (!this.#stopping.signal.aborted) {
        const { selfSigned, notAfter } = this.#current;
        const left = selfSigned ? 0 : notAfter - this.#now();
        const serving = selfSigned ? "self-signed certificate" : "old certificate";
        await this.#record.failed(error, startedAt, left, serving);
      }
      throw error;
    } finally {
      lock.release();
    }
  }
}
