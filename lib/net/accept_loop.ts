import { sleep } from "./pause.ts";

/** First pause after a failed `accept`, doubled up to the longest one. */
const FIRST_BACKOFF_MS = 5;

/** Longest pause after a failed `accept`: how late the listener answers once the cause is gone. */
export const LONGEST_BACKOFF_MS = 1_000;

/**
 * How many are accepted before all else that is due has a turn. Where thousands wait, as after the end of
 * another relay, `accept` resolves at once each time, and nothing else would be done before the last one.
 */
const AT_ONCE = 16;

/** Options for {@linkcode acceptLoop}. */
export interface AcceptLoopOptions<Conn> {
  /** Accepts one connection. */
  accept: () => Promise<Conn>;
  /** Takes a connection over; must not throw. */
  onConnection: (conn: Conn) => void;
  /** Told of the first of a run of failures that are not a peer's. */
  onError: (error: Error) => void;
  /** Told of every failure that is not a peer's. */
  onFailure?: () => void;
  /** Ends the loop; the caller closes the listener too, which ends the `accept` that waits. */
  signal: AbortSignal;
}

/**
 * Accepts connections until the signal aborts.
 *
 * `accept` throws when a peer resets at once and when descriptors run out, which would end a plain
 * `for await` over the listener, and the process with it. Here each is followed by another try, the
 * latter after a pause because it would fail again at full speed.
 */
export async function acceptLoop<Conn>(options: AcceptLoopOptions<Conn>): Promise<void> {
  const { accept, onConnection, onError, onFailure = () => {}, signal } = options;
  let backoff = FIRST_BACKOFF_MS;
  for (let accepted = 1; !signal.aborted; accepted++) {
    try {
      const conn = await accept();
      backoff = FIRST_BACKOFF_MS;
      onConnection(conn);
      // No timer: a listener that stops counts turns in which none comes.
      if (accepted % AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve));
    } catch (error) {
      if (signal.aborted) return;
      if (isPeersFault(error)) continue;
      onFailure();
      if (backoff === FIRST_BACKOFF_MS) onError(error as Error);
      await sleep(backoff, signal);
      backoff = Math.min(backoff * 2, LONGEST_BACKOFF_MS);
    }
  }
}

/** The peer was gone before it was accepted: only that connection is lost. */
function isPeersFault(error: unknown): boolean {
  return error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.ConnectionAborted;
}
