import { type Schedule, scheduleTimeout } from "./schedule.ts";

/** Options for {@linkcode Turns}. */
export interface TurnsOptions {
  /** How many have their turn at once. */
  atOnce: number;
  /** How long a turn lasts at most, milliseconds: who does not end it must not hold the others up. */
  longestMs: number;
  /** @default {scheduleTimeout} */
  schedule?: Schedule;
}

/** Lets few at once do what is costly; the others in their order. */
export class Turns {
  readonly #options: TurnsOptions;
  readonly #waiting = new Set<() => void>();
  #taken = 0;

  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  /** Those that wait; bounded by who asks. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Waits for a turn; resolves to what ends it. */
  async take(): Promise<() => void> {
    const { atOnce, longestMs, schedule = scheduleTimeout } = this.#options;
    if (this.#taken >= atOnce) await new Promise<void>((resolve) => this.#waiting.add(resolve));
    else this.#taken++;
    let ended = false;
    const callOff = schedule(end, longestMs);
    const pass = (): void => this.#pass();
    function end(): void {
      if (ended) return;
      ended = true;
      callOff();
      pass();
    }
    return end;
  }

  /** Gives a turn that has ended to who waits longest. */
  #pass(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#taken--;
    } else {
      this.#waiting.delete(next);
      next();
    }
  }
}
