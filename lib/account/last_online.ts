import type { Log } from "../log.ts";

/** How long a time may wait to be written. */
const FLUSH_MS = 5_000;

/** How often those who stay online are noted: what a crash can take of their last time. */
const STAY_MS = 300_000;

/** Options for {@linkcode LastOnline}. */
export interface LastOnlineOptions {
  /** Writes the times, milliseconds since the epoch by username, in one transaction. */
  write: (times: ReadonlyMap<string, number>) => void;
  /** Who is online now. */
  online: () => Iterable<string>;
  log: Log;
  /** Clock in milliseconds since the epoch. @default {Date.now} */
  now?: () => number;
}

/**
 * Collects when users were online, to be written together.
 *
 * After a restart all clients come back at once, and a write to disk each would hold up everything
 * else. What a crash takes is a few seconds of those who left and {@linkcode STAY_MS} of those who
 * stayed; it was acknowledged to nobody.
 */
export class LastOnline {
  readonly #options: LastOnlineOptions;
  readonly #now: () => number;
  readonly #stay: ReturnType<typeof setInterval>;
  #times = new Map<string, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: LastOnlineOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#stay = setInterval(() => {
      for (const username of options.online()) this.note(username);
    }, STAY_MS);
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

  /** Drops what is noted of a name that is released: its next owner begins anew. */
  forget(username: string): void {
    this.#times.delete(username);
  }

  /** Writes what is noted; what cannot be written is tried again later. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#times.size === 0) return;
    try {
      this.#options.write(this.#times);
      this.#times.clear();
    } catch (error) {
      this.#options.log.error("cannot write to the database, trying again", { error });
      this.#timer = setTimeout(() => this.flush(), FLUSH_MS);
    }
  }

  /** Writes for the last time and ends. */
  stop(): void {
    clearInterval(this.#stay);
    this.flush();
    clearTimeout(this.#timer);
  }
}
