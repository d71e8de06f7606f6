import type { Attendance, Seen } from "../store/online_times.ts";
import type { Log } from "../log.ts";
import { DelayedWrite } from "./delayed_write.ts";

/** Time between two writes of many, milliseconds: what a crash can take of those who come and go by the hundred. */
const APART_MS = 100;

/** Writes that need not be apart, after as many times {@linkcode APART_MS} without one. */
const AT_ONCE = 10;

/** When to try again what could not be written. */
const RETRY_MS = 5_000;

/** How often those who stay online are noted: what a crash can take of their last time; milliseconds. */
export const STAY_MS = 300_000;

/** Options for {@linkcode LastOnline}. */
export interface LastOnlineOptions {
  /** Writes what was seen of users, by name, in one transaction. */
  write: (seen: ReadonlyMap<string, Seen>) => Promise<void>;
  /** Who is online now. */
  online: () => Iterable<string>;
  log: Log;
  /** Clock in milliseconds since the epoch. @default {Date.now} */
  now?: () => number;
}

/**
 * Collects who is online and who was when, to be written together.
 *
 * Where few come or go it is written at once, so that a crash takes nothing of it. After a restart all
 * clients come back within seconds, and a write to disk each would hold up everything else: those are
 * written together, {@linkcode APART_MS} apart. Of the times of those who stay a crash can take
 * {@linkcode STAY_MS}; they were acknowledged to nobody.
 */
export class LastOnline {
  readonly #options: LastOnlineOptions;
  readonly #now: () => number;
  readonly #stay: ReturnType<typeof setInterval>;
  #seen = new Map<string, Seen>();
  /** What is being written. */
  #writing = new Map<string, Seen>();
  readonly #delayed = new DelayedWrite(() => this.#write());
  /** By when the writes so far would be done if each took {@linkcode APART_MS}, as `performance.now()` has it. */
  #writesUntil = 0;
  #held = false;

  constructor(options: LastOnlineOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#stay = setInterval(() => {
      const at = this.#now();
      for (const username of options.online()) this.#note(username, { at });
    }, STAY_MS);
  }

  /** Notes how the user stands from now on; who comes or leaves is, or was until now, online. */
  note(username: string, attendance: Attendance): void {
    this.#note(username, {
      ...(attendance !== "gone" && { at: this.#now() }),
      ...((attendance === "online" || !this.#held) && { attendance }),
    });
  }

  /** The relay stops: who is online stays so in what is kept, though their sessions end now. */
  hold(): void {
    this.#held = true;
  }

  /** A noted time that is not written yet. */
  pending(username: string): number | undefined {
    return this.#seen.get(username)?.at ?? this.#writing.get(username)?.at;
  }

  /** Drops what is noted of a name that is released: its next owner begins anew. */
  forget(username: string): void {
    this.#seen.delete(username);
    this.#writing.delete(username);
  }

  /** Writes what is noted, behind what is being written; what cannot be is tried again later. */
  flush(): Promise<void> {
    return this.#delayed.now();
  }

  /** Writes for the last time and ends. */
  async stop(): Promise<void> {
    clearInterval(this.#stay);
    await this.#delayed.stop();
  }

  async #write(): Promise<void> {
    if (this.#seen.size === 0) return;
    this.#writesUntil = Math.max(this.#writesUntil, performance.now()) + APART_MS;
    const seen = this.#writing = this.#seen;
    this.#seen = new Map();
    try {
      await this.#options.write(seen);
    } catch (error) {
      this.#options.log.error("cannot write to the database, trying again", { error });
      for (const [username, later] of this.#seen) {
        seen.set(username, { ...seen.get(username), ...later });
      }
      this.#seen = seen;
      this.#delayed.in(RETRY_MS);
    }
    this.#writing = new Map();
  }

  #note(username: string, seen: Seen): void {
    this.#seen.set(username, { ...this.#seen.get(username), ...seen });
    const aheadMs = this.#writesUntil - performance.now();
    this.#delayed.in(Math.max(0, aheadMs - (AT_ONCE - 1) * APART_MS));
  }
}
