/** A wait took longer than it may; the message says for what. */
export class TooLate extends Error {
  override readonly name = "TooLate";
}

/** Lets checks wait for what happens at the relay: whoever changes something tells. */
export class Changes {
  readonly #waiting = new Set<() => void>();

  /** Something happened. */
  tell(): void {
    for (const look of this.#waiting) look();
  }

  /**
   * Resolves with the first value that is neither undefined nor false.
   *
   * @throws {TooLate} when there is none within `ms` milliseconds.
   */
  async until<T>(value: () => T | undefined | false, ms: number, what: string): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const look = (): void => {
      const found = value();
      if (found !== undefined && found !== false) resolve(found as T);
    };
    const timer = setTimeout(
      () => reject(new TooLate(`${what}: not within ${ms / 1000} s`)),
      ms,
    );
    this.#waiting.add(look);
    look();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(look);
    }
  }
}
