import type { Log } from "../log.ts";

/** What a running program does with errors that nothing caught. */
export interface UncaughtErrors {
  /** How many there were. */
  readonly count: number;
  /** Leaves them to the runtime again, which ends the process. */
  stop(): void;
}

/**
 * Logs and counts errors that no handler caught, in a callback or in a promise that nobody awaits,
 * instead of letting them end the process and with it every connection.
 *
 * Each is a bug of ours, and the log says where. What it belonged to ends by its own limits of time.
 */
export function logUncaught(log: Log): UncaughtErrors {
  let count = 0;
  function take(event: Event, error: unknown): void {
    event.preventDefault();
    count++;
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    log.error("error that nothing caught: a bug", { error: message, stack, count });
  }
  const onError = (event: ErrorEvent): void => take(event, event.error);
  const onRejection = (event: PromiseRejectionEvent): void => take(event, event.reason);
  addEventListener("error", onError);
  addEventListener("unhandledrejection", onRejection);
  return {
    get count() {
      return count;
    },
    stop() {
      removeEventListener("error", onError);
      removeEventListener("unhandledrejection", onRejection);
    },
  };
}
