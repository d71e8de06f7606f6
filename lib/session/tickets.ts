import { type Schedule, scheduleTimeout } from "../net/schedule.ts";
import type { Duplex } from "../net/splice.ts";
import { randomId } from "../wire/random_secret.ts";

/** What a data connection's ticket stands for: called with the connection, which it takes over. */
export type Redeem = (conn: Duplex) => void;

/** A ticket that was not shown yet. */
interface Entry<T> {
  value: T;
  callOff: () => void;
}

/**
 * Single-use secrets that stand for a value until they are shown or their time is over.
 *
 * @typeParam T what a ticket stands for.
 */
export class Tickets<T> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #schedule: Schedule;

  constructor(schedule: Schedule = scheduleTimeout) {
    this.#schedule = schedule;
  }

  /** Tickets that can still be shown. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Makes a ticket of 128 random bits.
   *
   * @param lifeMs milliseconds until it is void.
   * @param onExpired called when that happens, not when it is taken.
   */
  issue(value: T, lifeMs: number, onExpired: (ticket: string) => void): string {
    const ticket = randomId();
    this.hold(ticket, value, lifeMs, onExpired);
    return ticket;
  }

  /** Takes a ticket that another relay made, as {@linkcode Tickets.issue} does one of its own. */
  hold(ticket: string, value: T, lifeMs: number, onExpired: (ticket: string) => void): void {
    const callOff = this.#schedule(() => {
      this.#entries.delete(ticket);
      onExpired(ticket);
    }, lifeMs);
    this.#entries.set(ticket, { value, callOff });
  }

  /** Whether a ticket can still be shown. */
  has(ticket: string): boolean {
    return this.#entries.has(ticket);
  }

  /** Gets and deletes: what a ticket stands for, or undefined for one that is not valid (any more). */
  take(ticket: string): T | undefined {
    const entry = this.#entries.get(ticket);
    if (entry === undefined) return undefined;
    entry.callOff();
    this.#entries.delete(ticket);
    return entry.value;
  }
}
