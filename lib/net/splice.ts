import { BufferPool } from "./buffer_pool.ts";
import type { Watched } from "./idle_watch.ts";
import { bytesOf, flowBuffers, LARGEST_STEP } from "./flow_buffers.ts";
import { systemRush } from "./rush.ts";
import type { Direction, SpliceOptions, SpliceResult } from "./splice_options.ts";

/** Buffers of directions that wait for data. */
const DEFAULT_WAIT_BUFFERS = new BufferPool(2 * 1024);

/** In the place of a step: the stream has ended. */
const ENDED = -1;

/** How long a connection goes on that is told no more, milliseconds: what was said is to be taken (RFC 9112 section 9.6). */
const LINGER_MS = 5_000;

/** A writer that takes longer than this for one buffer gets smaller ones; milliseconds. */
const SLOW_WRITE_MS = 10;

const systemNow = (): number => performance.now();

/** The part of `Deno.Conn` that a splice uses. */
export interface Duplex {
  /** Reads into `p`; resolves to the number of bytes, or null at end of stream. */
  read(p: Uint8Array): Promise<number | null>;
  /** Writes some of `p`; resolves to how many bytes were taken, maybe fewer than given. */
  write(p: Uint8Array): Promise<number>;
  /** Ends the sending side only (TCP half-close). */
  closeWrite(): Promise<void>;
  /** Closes both sides. */
  close(): void;
}

/**
 * Writes all of `bytes`, however many calls that takes.
 *
 * @throws {Error} what `conn.write` throws when the peer is gone.
 */
export async function writeAll(
  conn: Pick<Duplex, "write">,
  bytes: Uint8Array,
): Promise<void> {
  let n = 0;
  while (n < bytes.length) n += await conn.write(n === 0 ? bytes : bytes.subarray(n));
}

/**
 * Copies both directions until each has ended, carrying an end of stream across as a half-close.
 *
 * Where an end takes no more, the other direction goes on to its own end, while what still comes to be written is
 * dropped, for five seconds at most: a server that answers an upload before its end and closes is heard. Where the
 * second connection fails, so is the first one, which asked: closed while it sends on, it would lose what it has not
 * taken of the answer. Where reading the first fails, nobody is to be answered: both end. Both connections are closed
 * when the promise settles; it never rejects.
 */
export function splice(
  first: Duplex,
  second: Duplex,
  options: SpliceOptions = {},
): Promise<SpliceResult> {
  return new Promise((resolve) => new Splice(first, second, options, resolve).start());
}

/**
 * Two connections that are spliced.
 *
 * An idle one is mostly the frames of its asynchronous functions, half a kilobyte each: so there is
 * one a direction, and no closures.
 */
class Splice implements Watched {
  heard = true;
  silentSteps = 0;
  seat: Watched["seat"];
  readonly #first: Duplex;
  readonly #second: Duplex;
  readonly #options: SpliceOptions;
  readonly #settle: (result: SpliceResult) => void;
  readonly #result: SpliceResult;
  /** Directions whose stream has not ended. */
  #open = 2;
  /** Directions that are still copied. */
  #copied = 2;
  #onAbort: (() => void) | undefined;
  /** Directions that wait for a write. */
  readonly #writing = { forward: false, backward: false };
  #lingering: ReturnType<typeof setTimeout> | undefined;

  constructor(
    first: Duplex,
    second: Duplex,
    options: SpliceOptions,
    settle: (result: SpliceResult) => void,
  ) {
    this.#first = first;
    this.#second = second;
    this.#options = options;
    this.#settle = settle;
    this.#result = options.result ?? { forward: 0, backward: 0 };
  }

  start(): void {
    const { backwardHead, signal, idle } = this.#options;
    if (signal?.aborted) {
      this.#fail(signal.reason);
      return this.#settle(this.#result);
    }
    if (signal !== undefined) {
      this.#onAbort = () => this.#fail(signal.reason);
      signal.addEventListener("abort", this.#onAbort, { once: true });
    }
    idle?.add(this);
    this.#carry("forward", this.#first, this.#second);
    this.#carry("backward", this.#second, this.#first, backwardHead);
  }

  /** Called by the {@linkcode IdleWatch}. */
  end(): void {
    this.#fail(new Error("silent for too long"));
  }

  #fail(error: Error): void {
    this.#result.error ??= error;
    closeQuietly(this.#first);
    closeQuietly(this.#second);
  }

  #finish(): void {
    const { signal, idle } = this.#options;
    clearTimeout(this.#lingering);
    idle?.remove(this);
    if (this.#onAbort !== undefined) signal?.removeEventListener("abort", this.#onAbort);
    closeQuietly(this.#first);
    closeQuietly(this.#second);
    this.#settle(this.#result);
  }

  /**
   * Copies one direction until its end.
   *
   * A read that may wait for long has a small buffer of its own; while one read after another is
   * full, and so finds more, the large ones that all connections share are used.
   */
  async #carry(
    direction: Direction,
    from: Duplex,
    to: Duplex,
    head?: Uint8Array,
  ): Promise<void> {
    const { waitBuffers = DEFAULT_WAIT_BUFFERS } = this.#options;
    let waiting: Uint8Array<ArrayBuffer> | undefined;
    try {
      if (head !== undefined && head.length > 0) {
        this.#writing[direction] = true;
        await writeAll(to, head);
        this.#writing[direction] = false;
        this.#result[direction] += head.length;
      }
      // The first read is one of the large kind: a server's TLS flight comes soon, and in one piece.
      let step = await this.#flow(direction, from, to, 0);
      while (step !== ENDED) {
        waiting ??= waitBuffers.take();
        const n = await from.read(waiting);
        if (n === null) break;
        this.#count(direction, n);
        const full = n === waiting.length;
        this.#writing[direction] = true;
        const written = await to.write(full ? waiting : waiting.subarray(0, n));
        if (written < n) await writeAll(to, waiting.subarray(written, n));
        this.#writing[direction] = false;
        if (full) step = await this.#flow(direction, from, to, step);
      }
      const isFirst = --this.#open > 0;
      if (isFirst) this.#options.idle?.onHalfClosed(this);
      // Mostly the second direction to end needs no half-close: what follows is the close.
      if (isFirst || this.#options.saysBothEnds) await to.closeWrite();
    } catch (error) {
      await this.#linger(direction, from, to, error as Error);
    }
    if (waiting !== undefined) waitBuffers.giveBack(waiting);
    if (--this.#copied === 0) this.#finish();
  }

  /** Brings across what there is to bring when a direction broke. */
  async #linger(direction: Direction, from: Duplex, to: Duplex, error: Error): Promise<void> {
    const writing = this.#writing[direction];
    const secondIsGone = writing === (direction === "forward");
    const saysMore = writing && this.#copied === 2 && this.#lingering === undefined;
    if (!secondIsGone && !saysMore) return this.#fail(error);
    this.#result.error ??= error;
    this.#lingering ??= setTimeout(() => this.#fail(error), LINGER_MS);
    try {
      if (!writing) return await to.closeWrite();
      const dropped = new Uint8Array(16 * 1024);
      while (await from.read(dropped) !== null);
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  /**
   * Copies with large buffers until a read was not full. How large follows the traffic: full reads
   * raise it, bursts that would have fitted in less and slow writers lower it. The largest let connections that
   * begin in a rush go first.
   *
   * @param step the size to begin with.
   * @returns the size to go on with, or {@linkcode ENDED}.
   */
  async #flow(direction: Direction, from: Duplex, to: Duplex, step: number): Promise<number> {
    const { largestStep = LARGEST_STEP, now = systemNow, rush = systemRush } = this.#options;
    while (true) {
      const buffer = flowBuffers.lend(step);
      if (buffer === undefined) return step;
      try {
        const n = await from.read(buffer);
        if (n === null) return ENDED;
        this.#count(direction, n);
        const full = n === buffer.length;
        // The smallest has no smaller one to go to.
        const began = step > 0 ? now() : 0;
        this.#writing[direction] = true;
        const written = await to.write(full ? buffer : buffer.subarray(0, n));
        if (written < n) await writeAll(to, buffer.subarray(written, n));
        this.#writing[direction] = false;
        if (step > 0 && (n <= bytesOf(step - 1) || now() - began > SLOW_WRITE_MS)) step--;
        else if (full && step < largestStep) step++;
        if (!full) return step;
      } finally {
        flowBuffers.giveBack(buffer);
      }
      if (step === LARGEST_STEP && rush.isOn) await rush.stepAside();
    }
  }

  #count(direction: Direction, bytes: number): void {
    this.heard = true;
    this.#result.lastAt = performance.now();
    this.#result[direction] += bytes;
    this.#options.onBytes?.(direction, bytes);
  }
}

/** Closes a connection that may be closed already. */
export function closeQuietly(conn: Pick<Duplex, "close">): void {
  try {
    conn.close();
  } catch {
    // Closed before: the one thing asked for is done.
  }
}
