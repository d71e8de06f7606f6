import type { LogFields } from "../log.ts";

/** Writes a log line that would come over and over once in a while, and how often it did not. */
export class LogThrottle {
  readonly #everyMs: number;
  readonly #write: (fields: LogFields) => void;
  readonly #now: () => number;
  #nextAt = -Infinity;
  #unsaid = 0;

  /**
   * A throttle that lets the first line through.
   *
   * @param everyMs least time between two calls of `write`.
   * @param write gets the fields of what is said, and as `unsaid` how often nothing was written
   * since the last time, if ever.
   */
  constructor(
    everyMs: number,
    write: (fields: LogFields) => void,
    now: () => number = () => performance.now(),
  ) {
    this.#everyMs = everyMs;
    this.#write = write;
    this.#now = now;
  }

  /** Writes the line, or counts it for the next time. */
  say(fields: LogFields): void {
    const now = this.#now();
    if (now < this.#nextAt) {
      this.#unsaid++;
      return;
    }
    const unsaid = this.#unsaid;
    this.#unsaid = 0;
    this.#nextAt = now + this.#everyMs;
    this.#write(unsaid === 0 ? fields : { ...fields, unsaid });
  }
}
