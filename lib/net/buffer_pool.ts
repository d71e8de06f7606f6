import { type Schedule, scheduleTimeout } from "./schedule.ts";

/** How long buffers that nobody asks for are kept, at least; up to twice as long. */
export const KEEP_MS = 1_000;

/**
 * Buffers of one size that are used again and again: to allocate and to collect one costs more than
 * a short read.
 */
export class BufferPool {
  /** Size of each, bytes. */
  readonly bytes: number;
  readonly #schedule: Schedule;
  /** The one given back last, and so the warmest in the processor's cache, is the next taken. */
  readonly #free: Uint8Array<ArrayBuffer>[] = [];
  /** The fewest that were free since the last look: as many were never needed. */
  #unused = 0;
  #lookDue = false;

  /** An empty pool of buffers of so many bytes. */
  constructor(bytes: number, schedule: Schedule = scheduleTimeout) {
    this.bytes = bytes;
    this.#schedule = schedule;
  }

  /** A buffer; its content is left over from others. */
  take(): Uint8Array<ArrayBuffer> {
    const buffer = this.#free.pop();
    this.#unused = Math.min(this.#unused, this.#free.length);
    return buffer ?? new Uint8Array(this.bytes);
  }

  /** Takes a buffer back that nothing reads or writes any more, once; frees it if nobody asks. */
  giveBack(buffer: Uint8Array<ArrayBuffer>): void {
    this.#free.push(buffer);
    if (this.#lookDue) return;
    this.#lookDue = true;
    this.#schedule(this.#freeUnused, KEEP_MS);
  }

  /**
   * Frees what was not needed since the last look.
   *
   * At once and by hand: left to the garbage collector, the buffers of a burst would stay until
   * there is other work.
   */
  readonly #freeUnused = (): void => {
    for (const buffer of this.#free.splice(0, this.#unused)) buffer.buffer.transfer(0);
    this.#unused = this.#free.length;
    this.#lookDue = this.#unused > 0;
    if (this.#lookDue) this.#schedule(this.#freeUnused, KEEP_MS);
  };
}
