/** Writes together what was noted meanwhile, one write after another. */
export class DelayedWrite {
  readonly #write: () => Promise<void>;
  #written: Promise<void> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Whether a write is to begin as soon as the one before has ended. */
  #isDue = false;

  /** @param write writes what is noted by then; never rejects. */
  constructor(write: () => Promise<void>) {
    this.#write = write;
  }

  /**
   * Writes after so many milliseconds, unless a write is due already. After none it begins in this step, of what
   * is noted in it: before anything is sent that is sent now.
   */
  in(ms: number): void {
    if (this.#isDue || this.#timer !== undefined) return;
    if (ms === 0) this.now();
    else this.#timer = setTimeout(() => this.now(), ms);
  }

  /** Writes behind what is being written. */
  now(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isDue) return this.#written;
    this.#isDue = true;
    return this.#written = this.#written.then(() => {
      this.#isDue = false;
      return this.#write();
    });
  }

  /** Writes for the last time: what cannot be written then is not tried again. */
  async stop(): Promise<void> {
    await this.now();
    clearTimeout(this.#timer);
  }
}
