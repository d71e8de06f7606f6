import { type Schedule, scheduleTimeout } from "./schedule.ts";

/** How long after its connection a port may become known: both ends are one process. */
const WAIT_MS = 1_000;

/** How long the listener may take to accept a connection of this process. */
const ACCEPT_MS = 3_000;

/**
 * Tells the connections to a loopback listener that this process makes itself from those of others.
 *
 * The two ends of a connection learn of it in any order, so one whose port is not known yet waits a
 * moment.
 */
export class KnownPorts {
  readonly #schedule: Schedule;
  readonly #known = new Set<number>();
  readonly #waiting = new Map<number, (known: boolean) => void>();
  /** What tells that a known one was accepted. */
  readonly #accepted = new Map<number, (accepted: boolean) => void>();

  constructor(schedule: Schedule = scheduleTimeout) {
    this.#schedule = schedule;
  }

  /**
   * A connection of this process comes from the port. Resolves to whether it was accepted, as the other
   * end tells by asking for it, or not within {@linkcode ACCEPT_MS}.
   */
  add(port: number): Promise<boolean> {
    this.#known.add(port);
    const waiting = this.#waiting.get(port);
    if (waiting !== undefined) {
      waiting(true);
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const settle = (accepted: boolean): void => {
        callOff();
        this.#accepted.delete(port);
        resolve(accepted);
      };
      const callOff = this.#schedule(() => settle(false), ACCEPT_MS);
      this.#accepted.set(port, settle);
    });
  }

  /** It does no more. */
  delete(port: number): void {
    this.#known.delete(port);
    this.#accepted.get(port)?.(false);
  }

  /** Whether a connection from the port is this process's own. */
  isOwn(port: number): Promise<boolean> {
    if (this.#known.has(port)) {
      this.#accepted.get(port)?.(true);
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const settle = (known: boolean): void => {
        callOff();
        if (this.#waiting.get(port) === settle) this.#waiting.delete(port);
        resolve(known);
      };
      const callOff = this.#schedule(() => settle(false), WAIT_MS);
      this.#waiting.set(port, settle);
    });
  }
}
