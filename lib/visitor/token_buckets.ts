/** Options for {@linkcode TokenBuckets}. */
export interface TokenBucketsOptions {
  /** Tokens that a key gets back a second. */
  perSecond: number;
  /** Tokens that a key can save up, and has at first. */
  burst: number;
  /** Keys remembered. @default {20_000} */
  maxKeys?: number;
  /** Clock in milliseconds that never goes back. @default {performance.now} */
  now?: () => number;
}

/** What a key had left when it last took a token. */
interface Bucket {
  tokens: number;
  at: number;
}

/**
 * Limits how often each key may do something: a steady rate after a burst.
 *
 * The table is bounded. When it is full the key that was quiet for the longest is forgotten, whose
 * bucket is the likeliest to be full again; an attacker with more addresses than fit is one that no
 * limit by address holds.
 */
export class TokenBuckets {
  readonly #perMs: number;
  readonly #burst: number;
  readonly #maxKeys: number;
  readonly #now: () => number;
  /** Least recently used first. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: TokenBucketsOptions) {
    this.#perMs = options.perSecond / 1000;
    this.#burst = options.burst;
    this.#maxKeys = options.maxKeys ?? 20_000;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Keys remembered now. */
  get size(): number {
    return this.#buckets.size;
  }

  /** Takes one of the key's tokens; false, and none taken, when it has none. */
  take(key: string): boolean {
    const now = this.#now();
    const bucket = this.#buckets.get(key);
    const tokens = bucket === undefined
      ? this.#burst
      : Math.min(this.#burst, bucket.tokens + (now - bucket.at) * this.#perMs);
    const taken = tokens >= 1;
    this.#buckets.delete(key);
    this.#buckets.set(key, { tokens: taken ? tokens - 1 : tokens, at: now });
    if (this.#buckets.size > this.#maxKeys) {
      this.#buckets.delete(this.#buckets.keys().next().value!);
    }
    return taken;
  }
}
