import { afterEnding } from "./after_ending.ts";
import { Backoff } from "./backoff.ts";
import { beOnline, type OnlineOptions } from "./online.ts";
import { RelayProblem } from "./problem.ts";

/** Bounds of the pause before coming back, milliseconds. */
const PAUSE_MS = { first: 1_000, longest: 30_000 } as const;

/** How long a session has to last for the next pause to be a short one again, milliseconds. */
const STABLE_MS = 30_000;

/**
 * Goes online and comes back after every loss, until the signal is aborted.
 *
 * @returns undefined after an abort, else why not to come back, for a person.
 */
export async function stayOnline(options: OnlineOptions): Promise<string | undefined> {
  const { signal, now, sleep, random, log } = options;
  const backoff = new Backoff({ firstMs: PAUSE_MS.first, longestMs: PAUSE_MS.longest, random });
  while (!signal.aborted) {
    let onlineSince: number | undefined;
    const ending = await beOnline({
      ...options,
      onOnline(hostname) {
        onlineSince = now();
        options.onOnline(hostname);
      },
    });
    if (ending.kind === "stopped") return undefined;
    const next = afterEnding(ending);
    if (next.act === "stop") return next.message;
    const refusal = onlineSince === undefined ? await refused(options) : undefined;
    if (refusal !== undefined) return refusal;
    if (onlineSince !== undefined && now() - onlineSince >= STABLE_MS) backoff.reset();
    const waitMs = next.waitMs + backoff.next();
    log.warn("Not online, coming back", { why: next.why, inSeconds: Math.round(waitMs / 1000) });
    await sleep(waitMs, signal);
  }
  return undefined;
}

/**
 * Why the relay does not let this account in, or undefined when that is not the trouble: a
 * `WebSocket` that did not open does not tell what the relay answered.
 */
async function refused({ api }: OnlineOptions): Promise<string | undefined> {
  try {
    await api.account();
  } catch (error) {
    if (!(error instanceof RelayProblem)) return undefined;
    if (error.status === 401) return `${error.message} Run glosson setup to get a new token.`;
    if (error.status === 403) return error.message;
  }
  return undefined;
}
