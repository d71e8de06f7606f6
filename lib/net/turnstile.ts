import { type Schedule, scheduleTimeout } from "./schedule.ts";

/** Options for {@linkcode Turnstile}; those by default are for TLS handshakes, each a millisecond or two of the event loop. */
export interface TurnstileOptions {
  /** How often some are let through, milliseconds: later where the event loop is, so that it keeps up. @default {5} */
  everyMs?: number;
  /** How many are let through each time: what they cost takes about as long. @default {4} */
  atOnce?: number;
  /** @default {setTimeout} */
  schedule?: Schedule;
}

/**
 * Lets those who come at once through a few at a time, in their order.
 *
 * When a thousand clients come back together, everybody else would wait until all of them were through.
 */
export class Turnstile {
  readonly #everyMs: number;
  readonly #atOnce: number;
  readonly #schedule: Schedule;
  readonly #waiting: (() => void)[] = [];
  /** How many more may pass before the next time; full again when nobody has come for so long. */
  #left: number;
  #isTurning = false;

  constructor({ everyMs = 5, atOnce = 4, schedule = scheduleTimeout }: TurnstileOptions = {}) {
    this.#everyMs = everyMs;
    this.#atOnce = this.#left = atOnce;
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
      this.#left = this.#atOnce;
      if (this.#waiting.length === 0) return;
      this.#turn();
      const through = this.#waiting.splice(0, this.#left);
      this.#left -= through.length;
      for (const resolve of through) resolve();
    }, this.#everyMs);
  }
}
