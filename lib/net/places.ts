/** One place of a {@linkcode Places} table. */
export interface Place {
  /**
   * Counts the place for this key from now on, if the key may have one more; call at most once, for
   * a place that was taken without a key.
   */
  assign(key: string): boolean;
  /** Gives the place back; a second call does nothing. */
  leave(): void;
}

/** Options for {@linkcode Places}. */
export interface PlacesOptions {
  /** Places in all. @default {Infinity} */
  total?: number;
  /** Most places of one key, however many are free. @default {Infinity} */
  perKey?: number;
}

/**
 * A table of so many places, shared fairly between keys: users, or visitors' addresses.
 *
 * A key may hold no more places than are still free (the dynamic threshold that switches share
 * their buffers by: Choudhury and Hahne, 1998). So one greedy key gets at most half of the table,
 * two get a third each, n get 1/(n+1) each, and as much again stays free for those who hold less: no
 * place is set aside, nobody is thrown out, and the newest of the greedy is the one refused.
 */
export class Places {
  readonly #total: number;
  readonly #perKey: number;
  /** Bounded by the places in use. */
  readonly #usedBy = new Map<string, number>();
  #used = 0;

  constructor(options: PlacesOptions = {}) {
    this.#total = options.total ?? Infinity;
    this.#perKey = options.perKey ?? Infinity;
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
   * Takes a place, or undefined when there is none for this key.
   *
   * @param key absent for what is not shared out: it counts in the total only.
   */
  take(key?: string): Place | undefined {
    if (this.#used >= this.#total || (key !== undefined && !this.#hasRoom(key, 0))) return;
    this.#used++;
    if (key !== undefined) this.#count(key, 1);
    return new TakenPlace(this.#assign, this.#leave, key);
  }

  /** Whether the key may have one more; `own` of the places in use are the asking one. */
  #hasRoom(key: string, own: 0 | 1): boolean {
    return this.usedBy(key) < Math.min(this.#perKey, this.#total - this.#used + own);
  }

  #count(key: string, change: 1 | -1): void {
    const used = this.usedBy(key) + change;
    if (used > 0) this.#usedBy.set(key, used);
    else this.#usedBy.delete(key);
  }

  readonly #assign = (key: string): boolean => {
    if (!this.#hasRoom(key, 1)) return false;
    this.#count(key, 1);
    return true;
  };

  readonly #leave = (key: string | undefined): void => {
    this.#used--;
    if (key !== undefined) this.#count(key, -1);
  };
}

/** A place in use, which knows whom it counts for. */
class TakenPlace implements Place {
  readonly #assign: (key: string) => boolean;
  readonly #leave: (key: string | undefined) => void;
  #key: string | undefined;
  #left = false;

  constructor(
    assign: (key: string) => boolean,
    leave: (key: string | undefined) => void,
    key: string | undefined,
  ) {
    this.#assign = assign;
    this.#leave = leave;
    this.#key = key;
  }

  assign(key: string): boolean {
    if (this.#left || this.#key !== undefined || !this.#assign(key)) return false;
    this.#key = key;
    return true;
  }

  leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.#leave(this.#key);
  }
}
