import { type Schedule, scheduleTimeout } from "./schedule.ts";

const MEBIBYTE = 1024 * 1024;

/** How long buffers that nobody asks for are kept, at least; up to twice as long. */
export const KEEP_MS = 1_000;

/** A size of buffer, and how much may be lent in all while one of that size is still given out. */
interface Step {
  bytes: number;
  /** Bytes lent, of all sizes, above which a smaller one is given instead. */
  ceiling: number;
}

/**
 * The sizes, smallest first. The largest is as much as a stream on loopback has ready between two
 * reads: half of it costs a quarter more CPU time, twice of it saves nothing. The ceilings let a
 * dozen streams run at full speed, and bound what stalled ones hold: the allocator keeps what it
 * once had.
 */
const STEPS: readonly Step[] = [
  { bytes: 16 * 1024, ceiling: 28 * MEBIBYTE },
  { bytes: 256 * 1024, ceiling: 26 * MEBIBYTE },
  { bytes: 2 * MEBIBYTE, ceiling: 24 * MEBIBYTE },
];

/** The step of the largest buffers. */
export const LARGEST_STEP = STEPS.length - 1;

/** Size of the buffers of a step, bytes. */
export function bytesOf(step: number): number {
  return STEPS[step]!.bytes;
}

/** The free buffers of a step. */
interface Free {
  /** The one given back last, and so the warmest in the processor's cache, is lent first. */
  buffers: Uint8Array<ArrayBuffer>[];
  /** The fewest that were free since the last look: as many were never needed. */
  unused: number;
}

/** Options for {@linkcode FlowBuffers}. */
export interface FlowBuffersOptions {
  /** @default {setTimeout} */
  schedule?: Schedule;
}

/**
 * Buffers for data that flows, shared by all connections.
 *
 * A connection has one only from a read that will not wait until what it read is written, so a few
 * serve thousands of connections. Slow writers can hold many at once: above a ceiling they get
 * smaller ones, and then none.
 */
export class FlowBuffers {
  readonly #free: Free[] = STEPS.map(() => ({ buffers: [], unused: 0 }));
  readonly #schedule: Schedule;
  #lent = 0;
  #lookDue = false;

  constructor(options: FlowBuffersOptions = {}) {
    this.#schedule = options.schedule ?? scheduleTimeout;
  }

  /** Bytes lent now. */
  get lent(): number {
    return this.#lent;
  }

  /**
   * A buffer of the step, or of a smaller one when much is lent; undefined when too much is. Its
   * content is left over from others.
   */
  lend(step: number): Uint8Array<ArrayBuffer> | undefined {
    for (let fitting = step; fitting >= 0; fitting--) {
      const { bytes, ceiling } = STEPS[fitting]!;
      if (this.#lent + bytes > ceiling) continue;
      this.#lent += bytes;
      const free = this.#free[fitting]!;
      const buffer = free.buffers.pop();
      free.unused = Math.min(free.unused, free.buffers.length);
      return buffer ?? new Uint8Array(bytes);
    }
  }

  /** Takes back a buffer that nothing reads or writes any more; frees it when nobody asks for it. */
  giveBack(buffer: Uint8Array<ArrayBuffer>): void {
    this.#lent -= buffer.length;
    this.#free[STEPS.findIndex(({ bytes }) => bytes === buffer.length)]!.buffers.push(buffer);
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
    for (const free of this.#free) {
      for (const buffer of free.buffers.splice(0, free.unused)) buffer.buffer.transfer(0);
      free.unused = free.buffers.length;
    }
    this.#lookDue = this.#free.some(({ unused }) => unused > 0);
    if (this.#lookDue) this.#schedule(this.#freeUnused, KEEP_MS);
  };
}

/** The buffers that every splice of this process uses. */
export const flowBuffers: FlowBuffers = new FlowBuffers();
