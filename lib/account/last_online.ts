/** How long a time may wait to be written. */
const FLUSH_MS = 5_000;

/** Options for {@linkcode LastOnline}. */
export interface LastOnlineOptions {
  /** Writes the times, milliseconds since the epoch by username, in one transaction. */
  write: (times: ReadonlyMap<string, number>) => void;
  /** Clock in milliseconds since the epoch. @default {Date.now} */
  now?: () => number;
}

/**
 * Collects when users were online, to be written together.
 *
 * After a restart all clients come back at once, and a write to disk each would hold up everything
 * else. What a loss of power takes is a few seconds of "last seen", acknowledged to nobody.
 */
export class LastOnline {
  readonly #write: (times: ReadonlyMap<string, number>) => void;
  readonly #now: () => number;
  #times = new Map<string, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: LastOnlineOptions) {
    this.#write = options.write;
    this.#now = options.now ?? Date.now;
  }

  /** Notes that the user is, or was until now, online. */
  note(username: string): void {
    this.#times.set(username, this.#now());
    this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS);
  }

  /** A noted time that is not written yet. */
  pending(username: string): number | undefined {
    return this.#times.get(username);
  }

  /** Writes what is noted. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#times.size === 0) return;
    const times = this.#times;
    this.#times = new Map();
    this.#write(times);
  }
}
