import type { Log } from "../log.ts";
import type { Authority, RenewalWindow } from "./authority.ts";
import { leafFingerprint, type TlsIdentity } from "../pki/identity.ts";
import { endOfPause, jitteredRenewalTime, type Pause, renewalTime } from "./renewal_schedule.ts";
import type { RelayStatus, StoredRelay } from "./store.ts";

/** An authority that does not answer when asked for its renewal window is asked again after this. */
const WINDOW_RETRY_MS = 3_600_000;

/** One that has no such windows may have learnt of them after this. */
const NO_WINDOW_MS = 24 * 3_600_000;

/** Whatever an authority's window says, renewal is not put off beyond this share of the lifetime. */
const LAST_CALL_SHARE = 1 / 6;

/**
 * How long after an order that an authority's window asked for its windows ask for no other, milliseconds: one
 * whose windows are always over would have all of its certificates.
 */
const ADVISED_EVERY_MS = 24 * 3_600_000;

/** Of an authority that has no windows. */
const NEVER: Pause = { since: -Infinity, until: Infinity };

/** Options for {@linkcode createRenewalPlan}. */
export interface RenewalPlanOptions {
  authority: Authority;
  log: Log;
  /** Clock in milliseconds since the epoch. */
  now: () => number;
  /** As `Math.random`. */
  random: () => number;
}

/** When the certificate in use is to be renewed. */
export interface RenewalPlan {
  /** Milliseconds since the epoch; 0 when renewal is due at once. */
  dueAt(): number;
  /** Why then, when the authority says so. */
  explanation(): string | undefined;
  /**
   * Plans for another certificate, until the authority is asked: as was noted for it, else by share of
   * its lifetime.
   */
  reset(stored: StoredRelay, noted?: number): void;
  /**
   * Asks the authority when that is due (RFC 9773, section 4.3) and returns whether the plan
   * changed; never throws.
   */
  ask(identity: TlsIdentity): Promise<boolean>;
}

/** Makes a plan that is due at once, as befits a relay without a certificate. */
export function createRenewalPlan(options: RenewalPlanOptions): RenewalPlan {
  const { authority, log, now, random } = options;
  let dueAt = 0;
  /** Before its end the authority is not asked. */
  let pause: Pause = NEVER;
  let window: RenewalWindow | undefined;
  /** No window asks for an order before its end. */
  let advised: Pause = { since: 0, until: 0 };

  function reset({ identity, metadata }: StoredRelay, noted?: number): void {
    const since = now();
    if (window !== undefined && since >= dueAt) {
      advised = { since, until: since + ADVISED_EVERY_MS };
    }
    dueAt = noted ?? jitteredRenewalTime(identity, random);
    window = undefined;
    pause = authority.renewalWindow === undefined ? NEVER : { since: 0, until: 0 };
    const source = metadata?.source;
    if (authority.source !== undefined && source !== undefined && source !== authority.source) {
      log.info("certificate of another authority will be replaced", { source });
      dueAt = 0;
      pause = NEVER;
    }
  }

  async function ask({ cert, notBefore, notAfter }: TlsIdentity): Promise<boolean> {
    const since = now();
    if (since < endOfPause(pause, since)) return false;
    pause = { since, until: since + WINDOW_RETRY_MS };
    try {
      const answer = await authority.renewalWindow?.(cert);
      if (answer === undefined) {
        pause = { since, until: since + NO_WINDOW_MS };
        return false;
      }
      pause = { since, until: answer.askAgainAt };
      // The moment in an unchanged window stays as it was drawn.
      if (answer.start === window?.start && answer.end === window.end) return false;
      window = answer;
      const chosen = answer.start + (answer.end - answer.start) * random();
      const soonest = Math.max(chosen, endOfPause(advised, since));
      dueAt = Math.floor(Math.min(soonest, notAfter - (notAfter - notBefore) * LAST_CALL_SHARE));
      log.info("renewal planned by the authority", {
        renewAt: new Date(dueAt).toISOString(),
        explanation: answer.explanation,
      });
      return true;
    } catch (error) {
      log.warn("authority did not say when to renew", { error });
      return false;
    }
  }

  return { dueAt: () => dueAt, explanation: () => window?.explanation, reset, ask };
}

/**
 * When a certificate is to be renewed, milliseconds since the epoch: as a daemon planned and noted
 * it, else by share of lifetime.
 */
export function notedRenewalTime(identity: TlsIdentity, status: RelayStatus): number {
  return plannedTime(identity, status) ?? renewalTime(identity);
}

/** The same, undefined where nobody planned for this certificate. */
export function plannedTime({ cert }: TlsIdentity, { plan }: RelayStatus): number | undefined {
  if (plan?.fingerprint !== leafFingerprint(cert)) return undefined;
  const at = Date.parse(plan.renewAt);
  return Number.isNaN(at) ? undefined : at;
}

/** What is noted so that all tell the same moment. */
export function planOf({ cert }: TlsIdentity, dueAt: number): NonNullable<RelayStatus["plan"]> {
  return { renewAt: new Date(dueAt).toISOString(), fingerprint: leafFingerprint(cert) };
}
