/** Connections kept parked while nobody visits: what two browsers open when they come at once. */
const FEWEST = 4;

/** Visitors who come within this time find no pool that was refilled meanwhile, milliseconds. */
const WINDOW_MS = 2_000;

/** How long a size is kept before it is halved, milliseconds. */
const KEEP_MS = 60_000;

/** Options for {@linkcode PoolSize}. */
export interface PoolSizeOptions {
  /** Most connections to keep parked; also the fewest where it is less than four. */
  most: number;
  /** Clock in milliseconds that never goes back. */
  now: () => number;
}

/**
 * How many connections to keep parked: as many as visitors came at once of late, and some more.
 *
 * A parked connection costs both ends memory, a missing one costs a visitor two round trips.
 */
export class PoolSize {
  readonly #most: number;
  readonly #now: () => number;
  /** When the latest visitors came, at most as many as the size can be. */
  readonly #visits: number[] = [];
  #size: number;
  #keptUntil = 0;

  constructor(options: PoolSizeOptions) {
    this.#most = options.most;
    this.#now = options.now;
    this.#size = Math.min(FEWEST, this.#most);
  }

  /** Counts a visitor. */
  note(): void {
    const now = this.#now();
    this.#shrink(now);
    this.#visits.push(now);
    while (this.#visits.length > this.#most || this.#visits[0]! < now - WINDOW_MS) {
      this.#visits.shift();
    }
    const wanted = Math.min(this.#visits.length + FEWEST, this.#most);
    if (wanted < this.#size) return;
    this.#size = wanted;
    this.#keptUntil = now + KEEP_MS;
  }

  /** The size now; it shrinks by itself. */
  get size(): number {
    this.#shrink(this.#now());
    return this.#size;
  }

  #shrink(now: number): void {
    const fewest = Math.min(FEWEST, this.#most);
    while (this.#size > fewest && now >= this.#keptUntil) {
      this.#size = Math.max(fewest, Math.floor(this.#size / 2));
      this.#keptUntil += KEEP_MS;
    }
  }
}
