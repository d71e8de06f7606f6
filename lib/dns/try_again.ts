import { pause } from "../net/pause.ts";

/**
 * First and longest pause before something is tried again, and how long it is. Short pauses, since
 * a busy backend (SQLite) is free for moments only and whoever asks then gets in.
 */
const RETRY_START_MS = 50;
const RETRY_CAP_MS = 500;
const RETRY_FOR_MS = 60_000;

/** A failure that may well pass by itself. */
export class PassingError extends Error {
  override name = "PassingError";
}

/** The server is not there. It may be soon, but who asked is told at once, and makes place for others meanwhile. */
export class AwayError extends Error {
  override name = "AwayError";
}

/** The error to throw for a failure. */
export function failure(
  message: string,
  { passing, away = false, cause }: { passing: boolean; away?: boolean; cause?: unknown },
): Error {
  const Failure = passing ? PassingError : away ? AwayError : Error;
  return new Failure(message, { cause });
}

/** Options for {@linkcode tryAgain}. */
export interface TryAgainOptions {
  /** How long it is tried again. @default {60 s} */
  retryForMs?: number;
  /** As `Math.random`, for jitter. @default {Math.random} */
  random?: () => number;
  /** Told of each failure after which it is tried again, but for one that is as the one before. */
  onRetry?: (why: string) => void;
}

/** Does something until it no longer fails with a {@linkcode PassingError}, or its time is over. */
export async function tryAgain<T>(
  action: () => Promise<T>,
  options: TryAgainOptions = {},
): Promise<T> {
  const { retryForMs = RETRY_FOR_MS, random = Math.random, onRetry } = options;
  const deadline = performance.now() + retryForMs;
  let told: string | undefined;
  for (let attempt = 0;; attempt++) {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof PassingError) || performance.now() > deadline) throw error;
      if (error.message !== told) onRetry?.(told = error.message);
    }
    await pause(Math.min(RETRY_CAP_MS, RETRY_START_MS * 2 ** attempt) * (0.5 + random()));
  }
}
