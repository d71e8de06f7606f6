/** The answers under way on a connection, and whether any more may begin. */
export class Answers {
  readonly #onIdle: (idle: boolean) => void;
  readonly #over = Promise.withResolvers<void>();
  #running = 0;
  #leaving = false;

  /** @param onIdle told whether none is under way. */
  constructor(onIdle: (idle: boolean) => void) {
    this.#onIdle = onIdle;
  }

  /** How many are under way. */
  get running(): number {
    return this.#running;
  }

  /** Whether no more is to begin. */
  get leaving(): boolean {
    return this.#leaving;
  }

  /** Resolves once no more is to begin and those under way are over. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** Counts an answer as long as it runs; rejects as it does. */
  async run(answer: () => Promise<void>): Promise<void> {
    if (++this.#running === 1) this.#onIdle(false);
    try {
      await answer();
    } finally {
      if (--this.#running === 0) {
        this.#onIdle(true);
        if (this.#leaving) this.#over.resolve();
      }
    }
  }

  /** Lets no more begin. */
  leave(): void {
    this.#leaving = true;
    if (this.#running === 0) this.#over.resolve();
  }
}
