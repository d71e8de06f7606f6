import { type Schedule, scheduleTimeout } from "./schedule.ts";

/** How often some are let through, milliseconds: later where the event loop is, so that it keeps up. */
const EVERY_MS = 5;

/** How many are let through each time: what they cost takes about as long. */
const AT_ONCE = 4;

/**
 * Lets those who come at once through a few at a time, in their order.
 *
 * A TLS handshake and what follows it take a millisecond or two of the event loop. When a thousand clients
 * come back together, everybody else would wait until all of them were through.
 */
export class Turnstile {
  readonly #schedule: Schedule;
  readonly #waiting: (() => void)[] = [];
  /** How many more may pass before the next time; full again when nobody has come for so long. */
  #left = AT_ONCE;
  #isTurning = false;

  constructor(schedule: Schedule = scheduleTimeout) {
    this.#schedule = schedule;
  }

  /** Resolves when the caller's turn has come: at once where few come. */
  pass(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (!this.#isTurning) this.#turn();
    if (this.#left > 0) {
      this.#left--;
      resolve();
    } else this.#waiting.push(resolve);
    return promise;
  }

  /** Counts the time until the next may pass. */
  #turn(): void {
    this.#isTurning = true;
    this.#schedule(() => {
      this.#isTurning = false;
      this.#left = AT_ONCE;
      if (this.#waiting.length === 0) return;
      this.#turn();
      const through = this.#waiting.splice(0, this.#left);
      this.#left -= through.length;
      for (const resolve of through) resolve();
    }, EVERY_MS);
  }
}
