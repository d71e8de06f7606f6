/** Options for {@linkcode createSlidingLimit}. */
export interface SlidingLimitOptions {
  /** How many times a key may be taken within the window. */
  limit: number;
  windowMs: number;
  /** How many keys are remembered; beyond, the one taken longest ago is forgotten. */
  maxKeys: number;
  /** Clock in milliseconds. */
  now: () => number;
}

/** Counts by key over the last `windowMs`, in memory only; nothing of before the clock was set back by more than that. */
export interface SlidingLimit {
  /** Counts one for `key` and returns 0; at the limit counts nothing and returns the ms to wait. */
  take(key: string): number;
}

/** Makes a limit whose window slides: no stretch of `windowMs` has a key taken more than `limit` times. */
export function createSlidingLimit(options: SlidingLimitOptions): SlidingLimit {
  const { limit, windowMs, maxKeys, now } = options;
  /** Times of each key, oldest first; the keys in the order in which they were last taken. */
  const taken = new Map<string, number[]>();

  function take(key: string): number {
    const time = now();
    const recent = (taken.get(key) ?? []).filter((at) => Math.abs(at - time) < windowMs);
    const [oldest] = recent;
    if (recent.length >= limit && oldest !== undefined) return oldest + windowMs - time;
    recent.push(time);
    taken.delete(key);
    taken.set(key, recent);
    if (taken.size > maxKeys) {
      // Who has that many addresses to come from gains nothing by having one of them forgotten.
      for (const stalest of taken.keys()) {
        taken.delete(stalest);
        break;
      }
    }
    return 0;
  }

  return { take };
}
