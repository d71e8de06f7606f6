import { Roll, type Seat } from "./roll.ts";

/** In how many steps silence is counted: how much later than the limit it can be noticed is one. */
const STEPS = 8;

/** A connection that is watched. */
export interface Watched {
  /** To be set whenever anything is heard: cheaper than a clock. */
  heard: boolean;
  /** For how many steps nothing was heard; the watch counts them. */
  silentSteps: number;
  /** Where it is among those that are watched; the watch sets it. */
  seat: Seat<Watched> | undefined;
  /** Called at most once, when it was silent for too long. */
  end(): void;
}

/** Ends connections on which nothing was heard for long; one timer for all of them. */
export class IdleWatch {
  readonly #watched = new Roll<Watched>();
  readonly #timer: ReturnType<typeof setInterval>;

  /** Over those that ended on one side. */
  readonly #halfClosed: IdleWatch | undefined;

  /**
   * A watch over no connection yet.
   *
   * @param limitMs how long a connection may be silent; it is ended up to an eighth later.
   * @param halfClosedMs the same for one that has ended on one side. @default {limitMs}
   */
  constructor(limitMs: number, halfClosedMs: number = limitMs) {
    this.#timer = setInterval(() => this.step(), limitMs / STEPS);
    if (halfClosedMs !== limitMs) this.#halfClosed = new IdleWatch(halfClosedMs);
  }

  /** Connections watched. */
  get size(): number {
    return this.#watched.size + (this.#halfClosed?.size ?? 0);
  }

  /** Watches a connection. */
  add(watched: Watched): void {
    watched.seat = this.#watched.add(watched);
  }

  /** Goes on by the limit for those that have ended on one side. */
  onHalfClosed(watched: Watched): void {
    if (this.#halfClosed === undefined || !watched.seat?.leave()) return;
    watched.heard = true;
    this.#halfClosed.add(watched);
  }

  /** Watches it no more. */
  remove(watched: Watched): void {
    watched.seat?.leave();
  }

  /** Looks at every connection; the timer calls it. */
  step(): void {
    for (const watched of this.#watched.values()) {
      if (watched.heard) {
        watched.heard = false;
        watched.silentSteps = 0;
      } else if (++watched.silentSteps === STEPS) {
        // One that left by the end of another has no seat any more.
        if (watched.seat?.leave()) watched.end();
      }
    }
  }

  /** Ends the timer; connections go on unwatched. */
  stop(): void {
    clearInterval(this.#timer);
    for (const watched of this.#watched.values()) this.remove(watched);
    this.#halfClosed?.stop();
  }
}
