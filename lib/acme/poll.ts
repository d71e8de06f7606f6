import { pause } from "../net/pause.ts";
import type { ReadObject } from "./objects.ts";
import type { AcmeSession } from "./session.ts";
import { parseRetryAfter } from "./transport.ts";

/** How long the server may take to validate a name, or to sign. */
const POLL_TIMEOUT_MS = 180_000;

/** First and longest pause between two looks; `Retry-After` is heeded up to the latter. */
const POLL_START_MS = 100;
const POLL_CAP_MS = 5_000;

/** Options for {@linkcode poll}. */
export interface PollOptions<T> {
  session: AcmeSession;
  url: string;
  /** Reads it. */
  as: ReadObject<T>;
  /** Whether the server has decided. */
  done: (data: T) => boolean;
  /** Ends the wait; the call rejects with its reason. */
  signal?: AbortSignal | undefined;
  /** Clock in milliseconds since the epoch. */
  now: () => number;
  /** How long the server may take, milliseconds. @default {180 s} */
  timeoutMs?: number;
}

/**
 * Looks at an object of the ACME server until it has decided (RFC 8555, section 7.5.1).
 *
 * @throws {Error} when it has not in time, or answers with something else.
 */
export async function poll<T>(options: PollOptions<T>): Promise<T> {
  const { session, url, as, done, signal, now, timeoutMs = POLL_TIMEOUT_MS } = options;
  const deadline = performance.now() + timeoutMs;
  for (let step = POLL_START_MS;; step = Math.min(POLL_CAP_MS, step * 1.5)) {
    signal?.throwIfAborted();
    const { data, headers } = await session.read(url);
    const object = as(data);
    if (done(object)) return object;
    const asked = (parseRetryAfter(headers["retry-after"], now()) ?? 0) - now();
    const wait = Math.min(POLL_CAP_MS, Math.max(step, asked));
    if (performance.now() + wait > deadline) {
      throw new Error(
        `The ACME server has not decided after ${
          timeoutMs / 1000
        } s: it is slow, and is asked again at the next try`,
      );
    }
    await pause(wait, signal);
  }
}
