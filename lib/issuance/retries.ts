import {
  OrderHeldUpError,
  OrderPostponedError,
  OrderRefusedError,
} from "../certificate/authority.ts";
import { backoffMs, endOfPause, heldUpMs, type Pause } from "../certificate/renewal_schedule.ts";
import { StoreError } from "../store/error.ts";

/** An order that keeps failing for this long fails for good: its user is waiting for an answer. */
const GIVE_UP_MS = 3_600_000;

/** What follows from a failure. */
export type Verdict =
  | { end: "retry"; retryAt: number }
  /** The authority will never sign it. */
  | { end: "refused" }
  /** It may yet, but its user has waited long enough. */
  | { end: "given-up" };

/** Remembers the orders that failed and decides when they are tried again. */
export interface Retries {
  /** Notes a failure of that order. */
  note(id: string, error: unknown): Verdict;
  /** Not before this time; 0 when nothing is known against it. */
  retryAt(id: string): number;
  /** What the authority failed is over: it has signed. What the store fails goes on to count. */
  signed(id: string): void;
  clear(id: string): void;
}

interface Failing {
  failures: number;
  /** When the authority failed first; absent while only the store did. */
  since?: number | undefined;
  pause: Pause;
}

/** Starts with none; they are not kept over a restart, which tries everything at once. */
export function createRetries(now: () => number, random: () => number): Retries {
  const known = new Map<string, Failing>();

  /** What is known of an order; nothing of before the clock was set back. */
  function standing(id: string): Failing | undefined {
    const failing = known.get(id);
    return failing && endOfPause(failing.pause, now()) > 0 ? failing : undefined;
  }

  function note(id: string, error: unknown): Verdict {
    if (error instanceof OrderRefusedError) return { end: "refused" };
    if (error instanceof OrderPostponedError && error.until > now()) {
      // The authority named a time: the order waits as it would in a queue, it does not fail. One that is
      // over, as by another clock, says nothing.
      const until = Math.max(error.until, now() + backoffMs(1, 0, random));
      known.set(id, { failures: 0, since: until, pause: { since: now(), until } });
      return { end: "retry", retryAt: until };
    }
    const before = standing(id);
    let since = before?.since;
    // The relay's own fault is no answer to the user, nor has it the authority begin anew.
    if (!(error instanceof StoreError)) {
      since ??= now();
      if (now() - since >= GIVE_UP_MS) return { end: "given-up" };
    }
    const isHeldUp = error instanceof OrderHeldUpError;
    const failures = (before?.failures ?? 0) + (isHeldUp ? 0 : 1);
    const wait = isHeldUp ? heldUpMs(now() - since!, random) : backoffMs(failures, 0, random);
    const retryAt = now() + wait;
    known.set(id, { failures, since, pause: { since: now(), until: retryAt } });
    return { end: "retry", retryAt };
  }

  return {
    note,
    retryAt: (id) => standing(id)?.pause.until ?? 0,
    signed(id) {
      if (known.get(id)?.since !== undefined) known.delete(id);
    },
    clear: (id) => void known.delete(id),
  };
}
