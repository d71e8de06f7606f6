/** Random numbers that a seed and the number of a case determine, so that any case can be redone. */
export class Random {
  #state: number;

  constructor(seed: number, index: number) {
    // Neighbouring cases must not share their first numbers.
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35);
    this.below(2);
    this.below(2);
  }

  /** An integer from 0 up to, but not, `limit` (at most 2^31); 0 for a limit of 0. */
  below(limit: number): number {
    // Mulberry32 by Tommy Ettinger, in the public domain.
    this.#state = this.#state + 0x6d2b79f5 | 0;
    let t = Math.imul(this.#state ^ this.#state >>> 15, 1 | this.#state);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return Math.floor(((t ^ t >>> 14) >>> 0) / 2 ** 32 * limit);
  }

  /** True once in `n` times. */
  once(n: number): boolean {
    return this.below(n) === 0;
  }

  /** One of the items. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  /** Up to `most` different places inside `length`, ascending. */
  cuts(length: number, most: number): number[] {
    const places = Array.from({ length: this.below(most + 1) }, () => 1 + this.below(length - 1));
    return [...new Set(places)].filter((at) => at < length).sort((a, b) => a - b);
  }
}
