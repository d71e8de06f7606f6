/** A clock that moves when it is told to, for `now` and `schedule` seams. */
export class ManualClock {
  #time = 0;
  readonly #due = new Set<{ at: number; run: () => void }>();

  /** The time in milliseconds. */
  now = (): number => this.#time;

  /** Runs a function once the clock is moved past `ms` from now. */
  schedule = (run: () => void, ms: number): () => void => {
    const entry = { at: this.#time + ms, run };
    this.#due.add(entry);
    return () => this.#due.delete(entry);
  };

  /** Functions that wait. */
  get waiting(): number {
    return this.#due.size;
  }

  /** How long each of them has to wait, ascending, milliseconds. */
  get remaining(): number[] {
    return Array.from(this.#due, ({ at }) => at - this.#time).sort((a, b) => a - b);
  }

  /** Moves on, running what falls due in its order. */
  advance(ms: number): void {
    const end = this.#time + ms;
    while (true) {
      const [next] = [...this.#due].filter((d) => d.at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#due.delete(next);
      this.#time = next.at;
      next.run();
    }
    this.#time = end;
  }
}
