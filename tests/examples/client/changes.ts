/** How long a condition may take that a test waits for, milliseconds. */
const PATIENCE_MS = 60_000;

/** Lets a test wait for a condition without looking again and again. */
export class Changes {
  readonly #waiting = new Set<() => void>();

  /** Tells that something may have changed. */
  tell(): void {
    for (const look of [...this.#waiting]) look();
  }

  /**
   * Resolves with the first value of `read` that is not undefined or false.
   *
   * @throws {Error} when none comes.
   */
  until<T>(read: () => T | undefined | false): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`This does not come about: ${read}`));
      }, PATIENCE_MS);
      const look = (): void => {
        const value = read();
        if (value === undefined || value === false) return;
        this.#waiting.delete(look);
        clearTimeout(timer);
        resolve(value);
      };
      this.#waiting.add(look);
      look();
    });
  }
}
