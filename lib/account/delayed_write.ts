/** Writes together what was noted meanwhile, one write after another. */
export class DelayedWrite {
  readonly #write: () => Promise<void>;
  #written: Promise<void> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param write writes what is noted by then; never rejects. */
  constructor(write: () => Promise<void>) {
    this.#write = write;
  }

  /** Writes after so many milliseconds, unless a write is due already. */
  in(ms: number): void {
    this.#timer ??= setTimeout(() => this.now(), ms);
  }

  /** Writes behind what is being written. */
  now(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return this.#written = this.#written.then(this.#write);
  }

  /** Writes for the last time: what cannot be written then is not tried again. */
  async stop(): Promise<void> {
    await this.now();
    clearTimeout(this.#timer);
  }
}
