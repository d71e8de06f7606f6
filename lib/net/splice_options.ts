import type { BufferPool } from "./buffer_pool.ts";
import type { IdleWatch } from "./idle_watch.ts";
import type { Rush } from "./rush.ts";

/** `forward` is from the first connection to the second. */
export type Direction = "forward" | "backward";

/** What a splice moved, and why it ended when it was not by two ends of stream. */
export interface SpliceResult {
  /** Bytes from the first connection to the second. */
  forward: number;
  /** Bytes from the second connection to the first. */
  backward: number;
  /** When the last of them came, milliseconds of `performance.now()`; absent before the first. */
  lastAt?: number;
  /** The first failure of either direction, absent after an orderly end. */
  error?: Error;
}

/** Options for `splice()`. */
export interface SpliceOptions {
  /** Filled while it goes on, for who wants to know before its end. @default a new one */
  result?: SpliceResult;
  /** Bytes that were already read from the second connection and go to the first one first. */
  backwardHead?: Uint8Array;
  /** Closes both connections at once when aborted. */
  signal?: AbortSignal;
  /** Closes both connections when neither has sent anything for too long. @default not watched */
  idle?: IdleWatch;
  /**
   * Whether the end of the second direction is said, too, and not by the close alone: over TLS, what ends without its
   * word may be a part (RFC 8446 section 6.1). @default false
   */
  saysBothEnds?: boolean;
  /** Called for every chunk read: the direction and its size in bytes. */
  onBytes?: (direction: Direction, bytes: number) => void;
  /** Step of the largest buffers that it borrows, see `flow_buffers.ts`. @default the largest */
  largestStep?: number;
  /** Where each direction has the buffer from that it waits for data with. @default 2 KiB each */
  waitBuffers?: BufferPool;
  /** Asked between two of the largest buffers. @default that of the process */
  rush?: Rush;
  /** Clock that slow writers are told by, milliseconds. @default {performance.now} */
  now?: () => number;
}
