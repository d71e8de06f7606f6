/** Counts what is in use by key and says when a key has its fill. */
export class Limit {
  readonly #max: number;
  readonly #used = new Map<string, number>();

  /** @param max how many of a key can be in use at once. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Keys with anything in use. */
  get size(): number {
    return this.#used.size;
  }

  /** Takes one of the key's places; false, and none taken, when all are in use. */
  enter(key: string): boolean {
    const used = this.#used.get(key) ?? 0;
    if (used >= this.#max) return false;
    this.#used.set(key, used + 1);
    return true;
  }

  /** Gives back a place that {@linkcode Limit.enter} took. */
  leave(key: string): void {
    const used = this.#used.get(key) ?? 0;
    if (used > 1) this.#used.set(key, used - 1);
    else this.#used.delete(key);
  }
}
