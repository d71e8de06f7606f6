import { Roll } from "./roll.ts";

/** Runs a function once after some milliseconds, and returns what calls it off. */
export type Schedule = (run: () => void, ms: number) => () => void;

/** Timeouts that fire later than this by so many milliseconds were held up: the process was stopped. */
const HELD_UP_MS = 1_000;

/** The time that the others get then, to read what came meanwhile. */
const RESPITE_MS = 250;

/** A function and when it is due, milliseconds of `performance.now()`. */
interface Entry {
  run: () => void;
  due: number;
}

/** Timeouts of one length: the first that was asked for is the first that is due. */
class Queue {
  readonly #ms: number;
  readonly #entries = new Roll<Entry>();
  /**
   * Fires when the first is due, or before; kept when all were called off, since the next one comes soon, but
   * no reason for the process to go on.
   */
  #timer: ReturnType<typeof setTimeout> | undefined;
  #hadRespite = false;

  constructor(ms: number) {
    this.#ms = ms;
  }

  add(run: () => void): () => void {
    const seat = this.#entries.add({ run, due: performance.now() + this.#ms });
    if (this.#timer === undefined) this.#timer = setTimeout(this.#fire, this.#ms);
    else if (this.#entries.size === 1) Deno.refTimer(this.#timer);
    return () => {
      if (!seat.leave() || this.#entries.size > 0) return;
      if (this.#timer !== undefined) Deno.unrefTimer(this.#timer);
    };
  }

  readonly #fire = (): void => {
    const now = performance.now();
    const { first } = this.#entries;
    if (!this.#hadRespite && first && now - first.value.due > HELD_UP_MS) {
      this.#hadRespite = true;
      this.#timer = setTimeout(this.#fire, RESPITE_MS);
      return;
    }
    this.#hadRespite = false;
    try {
      let seat = this.#entries.first;
      for (; seat !== undefined && seat.value.due <= now; seat = this.#entries.first) {
        seat.leave();
        seat.value.run();
      }
    } finally {
      const next = this.#entries.first?.value;
      this.#timer = next && setTimeout(this.#fire, Math.max(0, next.due - now));
    }
  };
}

const queues = new Map<number, Queue>();

/**
 * The real clock's {@linkcode Schedule}, for lengths that are constants.
 *
 * Each visitor has several deadlines, nearly all of which are called off. A timer of the runtime costs
 * some microseconds each, and the event loop a turn; here those of one length share one.
 *
 * After the process was stopped (SIGSTOP, a machine that slept) they fire a moment later still: nobody
 * is late whose bytes have come, and only were not read.
 */
export function scheduleTimeout(run: () => void, ms: number): () => void {
  let queue = queues.get(ms);
  if (queue === undefined) queues.set(ms, queue = new Queue(ms));
  return queue.add(run);
}

/** Runs a function by a timer of its own, where lengths are not few and constant. */
export function timeout(run: () => void, ms: number): () => void {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
}
