/** Lets a test wait for a condition without looking again and again. */
export class Changes {
  readonly #waiting = new Set<() => void>();

  /** Tells that something may have changed. */
  tell(): void {
    for (const look of [...this.#waiting]) look();
  }

  /** Resolves with the first value of `read` that is not undefined or false. */
  until<T>(read: () => T | undefined | false): Promise<T> {
    return new Promise((resolve) => {
      const look = (): void => {
        const value = read();
        if (value === undefined || value === false) return;
        this.#waiting.delete(look);
        resolve(value);
      };
      this.#waiting.add(look);
      look();
    });
  }
}
