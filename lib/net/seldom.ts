/** Says what would be said over and over once in a while, and how often it was not. */
export class Seldom {
  readonly #everyMs: number;
  readonly #say: (what: unknown, unsaid: number) => void;
  readonly #now: () => number;
  #nextAt = -Infinity;
  #unsaid = 0;

  /**
   * @param everyMs least time between two calls of `say`.
   * @param say told what to say, and how often it was kept from it since the last time.
   */
  constructor(
    everyMs: number,
    say: (what: unknown, unsaid: number) => void,
    now: () => number = () => performance.now(),
  ) {
    this.#everyMs = everyMs;
    this.#say = say;
    this.#now = now;
  }

  /** Says it, or counts it for the next time. */
  say(what: unknown): void {
    const now = this.#now();
    if (now < this.#nextAt) {
      this.#unsaid++;
      return;
    }
    const unsaid = this.#unsaid;
    this.#unsaid = 0;
    this.#nextAt = now + this.#everyMs;
    this.#say(what, unsaid);
  }
}
