import { sleep } from "./pause.ts";

/** Length of the times over which beginnings are counted, milliseconds. */
const SPAN_MS = 50;

/** So many connections that begin within one or two of them are a rush. */
const MANY = 16;

/**
 * How long a stream at full speed waits between two of its largest pieces meanwhile, milliseconds: still some 3 Gb/s,
 * and a tenth of the processor.
 */
const STEP_ASIDE_MS = 5;

/**
 * Whether many visitors' connections begin at once. Each takes little and is waited for, while
 * one stream at full speed takes all that a processor has, here and at both its ends.
 */
export class Rush {
  readonly #now: () => number;
  #spanBegan = -Infinity;
  #begun = 0;
  #begunBefore = 0;

  /** @param now clock, milliseconds. @default {performance.now} */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** A visitor's connection begins. */
  note(): void {
    this.#turn();
    this.#begun++;
  }

  /** Whether there is one, or was until a moment ago. */
  get isOn(): boolean {
    this.#turn();
    return this.#begun + this.#begunBefore >= MANY;
  }

  /** Lets those who begin go first. */
  stepAside(): Promise<void> {
    return sleep(STEP_ASIDE_MS);
  }

  #turn(): void {
    const now = this.#now();
    const passed = now - this.#spanBegan;
    if (passed < SPAN_MS) return;
    this.#begunBefore = passed < 2 * SPAN_MS ? this.#begun : 0;
    this.#begun = 0;
    this.#spanBegan = now;
  }
}

/** That of this process. */
export const systemRush: Rush = new Rush();
