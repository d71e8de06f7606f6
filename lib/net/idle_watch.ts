/** In how many steps silence is counted: how much later than the limit it can be noticed is one. */
const STEPS = 8;

/** A connection that is watched. */
export interface Watched {
  /** To be set whenever anything is heard: cheaper than a clock. */
  heard: boolean;
}

/** A watched connection, how long it has been silent, and its end. */
interface Entry extends Watched {
  silentSteps: number;
  end: () => void;
}

/** Ends connections on which nothing was heard for long; one timer for all of them. */
export class IdleWatch {
  readonly #entries = new Set<Entry>();
  readonly #timer: ReturnType<typeof setInterval>;

  /** @param limitMs how long a connection may be silent; it is ended up to an eighth later. */
  constructor(limitMs: number) {
    this.#timer = setInterval(() => this.step(), limitMs / STEPS);
  }

  /** Connections watched. */
  get size(): number {
    return this.#entries.size;
  }

  /** Watches a connection; `end` is called at most once, when it was silent for too long. */
  add(end: () => void): Watched {
    const entry: Entry = { heard: true, silentSteps: 0, end };
    this.#entries.add(entry);
    return entry;
  }

  /** Watches it no more. */
  remove(watched: Watched): void {
    this.#entries.delete(watched as Entry);
  }

  /** Looks at every connection; the timer calls it. */
  step(): void {
    for (const entry of this.#entries) {
      if (entry.heard) {
        entry.heard = false;
        entry.silentSteps = 0;
      } else if (++entry.silentSteps === STEPS) {
        this.#entries.delete(entry);
        entry.end();
      }
    }
  }

  /** Ends the timer; connections go on unwatched. */
  stop(): void {
    clearInterval(this.#timer);
    this.#entries.clear();
  }
}
