import type { IdleWatch } from "./idle_watch.ts";
import { bytesOf, flowBuffers, LARGEST_STEP } from "./flow_buffers.ts";

/** Buffer of a direction that waits for data: what an idle connection costs. */
const WAIT_BYTES = 2 * 1024;

/** A writer that takes longer than this for one buffer gets smaller ones; milliseconds. */
const SLOW_WRITE_MS = 10;

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

/** What a splice moved, and why it ended when it was not by two ends of stream. */
export interface SpliceResult {
  /** Bytes from the first connection to the second. */
  forward: number;
  /** Bytes from the second connection to the first. */
  backward: number;
  /** The first failure of either direction, absent after an orderly end. */
  error?: Error;
}

/** Options for {@linkcode splice}. */
export interface SpliceOptions {
  /** Bytes that were already read from the second connection and go to the first one first. */
  backwardHead?: Uint8Array;
  /** Closes both connections at once when aborted. */
  signal?: AbortSignal;
  /** Closes both connections when neither has sent anything for too long. @default not watched */
  idle?: IdleWatch;
  /** Called for every chunk read: the direction and its size in bytes. */
  onBytes?: (direction: "forward" | "backward", bytes: number) => void;
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
  let written = await conn.write(bytes);
  while (written < bytes.length) written += await conn.write(bytes.subarray(written));
}

/**
 * Copies both directions until each has ended, carrying an end of stream across as a half-close.
 *
 * A failure of one direction ends both. Both connections are closed when the promise settles; it
 * never rejects.
 */
export async function splice(
  first: Duplex,
  second: Duplex,
  options: SpliceOptions = {},
): Promise<SpliceResult> {
  const { backwardHead, signal, idle, onBytes } = options;
  const result: SpliceResult = { forward: 0, backward: 0 };
  let open = 2;

  function closeBoth(): void {
    closeQuietly(first);
    closeQuietly(second);
  }

  function fail(error: Error): void {
    result.error ??= error;
    closeBoth();
  }

  async function direction(
    name: "forward" | "backward",
    from: Duplex,
    to: Duplex,
    head?: Uint8Array,
  ): Promise<void> {
    try {
      if (head !== undefined && head.length > 0) {
        await writeAll(to, head);
        result[name] += head.length;
      }
      await copy(from, to, (bytes) => {
        result[name] += bytes;
        if (watched !== undefined) watched.heard = true;
        onBytes?.(name, bytes);
      });
      // The second direction to end needs no half-close: what follows is the close.
      if (--open > 0) await to.closeWrite();
    } catch (error) {
      fail(error as Error);
    }
  }

  if (signal?.aborted) {
    fail(signal.reason);
    return result;
  }
  const onAbort = (): void => fail(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  const watched = idle?.add(() => fail(new Error("silent for too long")));
  await Promise.all([
    direction("forward", first, second),
    direction("backward", second, first, backwardHead),
  ]);
  if (watched !== undefined) idle?.remove(watched);
  signal?.removeEventListener("abort", onAbort);
  closeBoth();
  return result;
}

/**
 * Copies until end of stream.
 *
 * A read that may wait for long has a small buffer of its own; one that follows a full read, and so
 * finds more, has a large one that all connections share. How large follows the traffic: full reads
 * raise it, bursts that would have fitted in less and slow writers lower it.
 */
async function copy(from: Duplex, to: Duplex, onBytes: (bytes: number) => void): Promise<void> {
  let step = 0;
  // The first read is one of the large kind: a server's TLS flight comes soon, and in one piece.
  let more = true;
  let waiting: Uint8Array | undefined;
  while (true) {
    while (more) {
      const buffer = flowBuffers.lend(step);
      if (buffer === undefined) break;
      try {
        const n = await from.read(buffer);
        if (n === null) return;
        onBytes(n);
        more = n === buffer.length;
        const began = performance.now();
        const written = await to.write(more ? buffer : buffer.subarray(0, n));
        if (written < n) await writeAll(to, buffer.subarray(written, n));
        if (step > 0 && (n <= bytesOf(step - 1) || performance.now() - began > SLOW_WRITE_MS)) {
          step--;
        } else if (more && step < LARGEST_STEP) {
          step++;
        }
      } finally {
        flowBuffers.giveBack(buffer);
      }
    }
    waiting ??= new Uint8Array(WAIT_BYTES);
    const n = await from.read(waiting);
    if (n === null) return;
    onBytes(n);
    more = n === WAIT_BYTES;
    const written = await to.write(more ? waiting : waiting.subarray(0, n));
    if (written < n) await writeAll(to, waiting.subarray(written, n));
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
