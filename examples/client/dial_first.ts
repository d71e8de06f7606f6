import { scheduleTimeout } from "../../lib/net/schedule.ts";

/**
 * Connects to the first of these addresses that answers: a machine that is lost says nothing.
 *
 * @param attemptMs how long each but the last may take, milliseconds, a constant.
 * @param dial connects to one of them; may reject.
 * @throws {Error} of the last one when none does, or on abort.
 */
export async function dialFirst(
  addresses: readonly string[],
  attemptMs: number,
  dial: (address: string, signal: AbortSignal) => Promise<Deno.TcpConn>,
  signal: AbortSignal,
): Promise<Deno.TcpConn> {
  let failure: unknown;
  for (const [i, address] of addresses.entries()) {
    const last = i === addresses.length - 1;
    try {
      if (last) return await dial(address, signal);
      return await inTime((within) => dial(address, within), attemptMs, signal);
    } catch (error) {
      signal.throwIfAborted();
      failure = error;
    }
  }
  throw failure;
}

/** What is made within so many milliseconds, a constant; what is late is aborted. */
export async function inTime<T>(
  make: (signal: AbortSignal) => Promise<T>,
  ms: number,
  signal?: AbortSignal,
): Promise<T> {
  const late = new AbortController();
  const end = (): void => late.abort(new DOMException("Signal timed out.", "TimeoutError"));
  // Called off: a signal with a time of its own makes an error when that is over, though nobody waits any more.
  const callOff = scheduleTimeout(end, ms);
  try {
    return await make(signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]));
  } finally {
    callOff();
  }
}
