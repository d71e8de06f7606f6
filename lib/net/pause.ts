import { setTimeout } from "node:timers/promises";

/** Waits for `ms` or until the signal is aborted; a test passes its own to set the pace. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

/** Resolves after `ms` milliseconds, or at once when the signal is aborted; never rejects. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal }).catch(() => {});
}

/** Resolves after `ms` milliseconds; rejects with the signal's reason as soon as that is aborted. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await sleep(ms, signal);
  signal?.throwIfAborted();
}

/** Waits until all have settled, but no longer than that; what is late goes on by itself. */
export async function settleWithin(ms: number, promises: readonly unknown[]): Promise<void> {
  const settled = new AbortController();
  await Promise.race([Promise.allSettled(promises), sleep(ms, settled.signal)]);
  settled.abort();
}

/** What is promised; rejects with the signal's reason when that is aborted before. */
export async function orAborted<T>(promised: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([promised, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
