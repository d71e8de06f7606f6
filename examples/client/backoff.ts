/** Options for {@linkcode Backoff}. */
export interface BackoffOptions {
  /** Upper bound of the first pause, milliseconds. */
  firstMs: number;
  /** Upper bound of every pause, milliseconds. */
  longestMs: number;
  /** Upper bound of the first so many pauses, milliseconds. @default no lower one */
  eager?: { tries: number; longestMs: number };
  /** Uniform in [0, 1). @default {Math.random} */
  random?: () => number;
}

/**
 * The pauses before a client that lost its relay comes back: one that restarts is mostly back within half
 * a minute, and visitors then wait 5 s for their client. For so many tries, about that long, none of them
 * is to wait in vain.
 */
export const COMING_BACK = {
  firstMs: 1_000,
  longestMs: 30_000,
  eager: { tries: 12, longestMs: 4_000 },
} as const satisfies BackoffOptions;

/**
 * Pauses between tries: a random share of a bound that doubles up to a cap ("full jitter"), so that
 * the clients of a relay that restarts do not all come back in the same moment.
 */
export class Backoff {
  readonly #options: BackoffOptions & { random: () => number };
  #failures = 0;

  constructor(options: BackoffOptions) {
    this.#options = { random: Math.random, ...options };
  }

  /** Counts a failure and returns the pause before the next try, milliseconds. */
  next(): number {
    const { firstMs, longestMs, eager, random } = this.#options;
    const isEager = eager !== undefined && this.#failures < eager.tries;
    const cap = isEager ? eager.longestMs : longestMs;
    const bound = Math.min(cap, firstMs * 2 ** this.#failures);
    this.#failures++;
    return Math.floor(random() * bound);
  }

  /** Forgets the failures: the next pause is a short one again. */
  reset(): void {
    this.#failures = 0;
  }
}
