import { BufferPool } from "./buffer_pool.ts";

const MEBIBYTE = 1024 * 1024;

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

/** Most bytes that are lent at once, of all sizes. */
export const MOST_LENT: number = STEPS[0]!.ceiling;

/** The step of the largest buffers. */
export const LARGEST_STEP = STEPS.length - 1;

/** Size of the buffers of a step, bytes. */
export function bytesOf(step: number): number {
  return STEPS[step]!.bytes;
}

/**
 * Buffers for data that flows, shared by all connections.
 *
 * A connection has one only from a read that will not wait until what it read is written, so a few
 * serve thousands of connections. Slow writers can hold many at once: above a ceiling they get
 * smaller ones, and then none.
 */
export class FlowBuffers {
  readonly #pools = STEPS.map(({ bytes }) => new BufferPool(bytes));
  #lent = 0;

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
      return this.#pools[fitting]!.take();
    }
  }

  /** Takes back a buffer that nothing reads or writes any more. */
  giveBack(buffer: Uint8Array<ArrayBuffer>): void {
    this.#lent -= buffer.length;
    this.#pools.find(({ bytes }) => bytes === buffer.length)!.giveBack(buffer);
  }
}

/** The buffers that every splice of this process uses. */
export const flowBuffers: FlowBuffers = new FlowBuffers();
