/** One place of a {@linkcode Places} table. */
export interface Place {
  /**
   * Counts the place for these keys from now on, if each may have one more; call at most once, for a
   * place that was taken without a key.
   */
  assign(...keys: string[]): boolean;
  /** Gives the place back; a second call does nothing. */
  leave(): void;
}

/** Options for {@linkcode Places}. */
export interface PlacesOptions {
  /** Places in all. @default {Infinity} */
  total?: number;
  /** Most places of one key, the first where there are several. @default {Infinity} */
  perKey?: number | ((key: string) => number);
}

/**
 * A table of so many places, shared fairly between keys: users, or visitors' addresses.
 *
 * A key may hold no more places than are still free (the dynamic threshold that switches share
 * their buffers by: Choudhury and Hahne, 1998). So one greedy key gets at most half of the table,
 * two get a third each, n get 1/(n+1) each, and as much again stays free for those who hold less: no
 * place is set aside, nobody is thrown out, and the newest of the greedy is the one refused.
 *
 * A place can count for several keys, narrowest first: an address and the networks that it is in. Who
 * has many addresses of one network then has no more than who has one.
 */
export class Places {
  readonly #total: number;
  readonly #perKey: (key: string) => number;
  /** Bounded by the places in use. */
  readonly #usedBy = new Map<string, number>();
  #used = 0;

  /** An empty table. */
  constructor(options: PlacesOptions = {}) {
    this.#total = options.total ?? Infinity;
    const { perKey = Infinity } = options;
    this.#perKey = typeof perKey === "number" ? () => perKey : perKey;
  }

  /** Places in all. */
  get total(): number {
    return this.#total;
  }

  /** Places in use. */
  get used(): number {
    return this.#used;
  }

  /** Places in use by a key. */
  usedBy(key: string): number {
    return this.#usedBy.get(key) ?? 0;
  }

  /**
   * Takes a place, or undefined when there is none for one of these keys.
   *
   * @param keys none for what is not shared out: it counts in the total only.
   */
  take(...keys: string[]): Place | undefined {
    if (this.#used >= this.#total || !this.#hasRoom(keys, 0)) return;
    this.#used++;
    for (const key of keys) this.#count(key, 1);
    return new TakenPlace(this.#assign, this.#leave, keys);
  }

  /** Whether each key may have one more; `own` of the places in use are the asking one. */
  #hasRoom(keys: string[], own: 0 | 1): boolean {
    const free = this.#total - this.#used + own;
    return keys.every((key, i) =>
      this.usedBy(key) < (i === 0 ? Math.min(this.#perKey(key), free) : free)
    );
  }

  #count(key: string, change: 1 | -1): void {
    const used = this.usedBy(key) + change;
    if (used > 0) this.#usedBy.set(key, used);
    else this.#usedBy.delete(key);
  }

  readonly #assign = (keys: string[]): boolean => {
    if (!this.#hasRoom(keys, 1)) return false;
    for (const key of keys) this.#count(key, 1);
    return true;
  };

  readonly #leave = (keys: string[]): void => {
    this.#used--;
    for (const key of keys) this.#count(key, -1);
  };
}

/** A place in use, which knows whom it counts for. */
class TakenPlace implements Place {
  readonly #assign: (keys: string[]) => boolean;
  readonly #leave: (keys: string[]) => void;
  #keys: string[];
  #left = false;

  constructor(
    assign: (keys: string[]) => boolean,
    leave: (keys: string[]) => void,
    keys: string[],
  ) {
    this.#assign = assign;
    this.#leave = leave;
    this.#keys = keys;
  }

  assign(...keys: string[]): boolean {
    if (this.#left || this.#keys.length > 0 || !this.#assign(keys)) return false;
    this.#keys = keys;
    return true;
  }

  leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.#leave(this.#keys);
  }
}
