/**
 * How many times as much as the first key each of the further ones may have: a network has several
 * households in it, yet not as many as it has addresses.
 */
const WIDER = 8;

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
 * bucket is the likeliest to be full again; an attacker with more networks than fit is one that no
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

  /**
   * Takes a token of each key; false, and none taken, when one of them has none.
   *
   * @param keys narrowest first, as `addressGroups` has them: the wider ones have eight times the rate
   * and the burst.
   */
  take(...keys: string[]): boolean {
    const now = this.#now();
    const buckets = keys.map((key, i) => this.#refill(key, i === 0 ? 1 : WIDER, now));
    const taken = buckets.every(({ tokens }) => tokens >= 1);
    if (taken) { for (const bucket of buckets) bucket.tokens--; }
    return taken;
  }

  /** The key's bucket, now the most recently used one, with what it has by now. */
  #refill(key: string, times: number, now: number): Bucket {
    const bucket = this.#buckets.get(key) ?? { tokens: this.#burst * times, at: now };
    const refilled = bucket.tokens + (now - bucket.at) * this.#perMs * times;
    bucket.tokens = Math.min(this.#burst * times, refilled);
    bucket.at = now;
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > this.#maxKeys) {
      this.#buckets.delete(this.#buckets.keys().next().value!);
    }
    return bucket;
  }
}
