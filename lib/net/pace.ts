import { type Schedule, scheduleTimeout } from "./schedule.ts";
import { TokenBuckets } from "./token_buckets.ts";

/** Readings, and writes, a second, after so many at once. */
export const PACE = { perSecond: 20, burst: 20 } as const;

/** How long more is waited for where there were as many: until there may be one more. */
const GATHER_MS = 1_000 / PACE.perSecond;

/** Options for {@linkcode Pace}. */
export interface PaceOptions {
  /** Clock in milliseconds that never goes back. @default {performance.now} */
  now?: () => number;
  /** @default {setTimeout} */
  schedule?: Schedule;
}

/**
 * How often a relay asks or tells the others: at once, and where there is much of it 20 times a second, together with
 * all that came meanwhile. Whoever has it ask, be they many or strangers, has it ask no oftener.
 */
export class Pace {
  readonly #buckets: TokenBuckets;
  readonly #schedule: Schedule;
  #end = (): void => {};
  #stopped = false;

  constructor({ now, schedule }: PaceOptions = {}) {
    this.#buckets = new TokenBuckets({ ...PACE, ...(now && { now }) });
    this.#schedule = schedule ?? scheduleTimeout;
  }

  /** Resolves once there may be one more; for one who waits at a time. */
  async turn(): Promise<void> {
    while (!this.#stopped && !this.#buckets.take("")) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#end = resolve;
      const callOff = this.#schedule(resolve, GATHER_MS);
      await promise.finally(callOff);
    }
  }

  /** Holds nobody up any more. */
  stop(): void {
    this.#stopped = true;
    this.#end();
  }
}
