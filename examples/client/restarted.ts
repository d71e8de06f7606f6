import { dialPlace } from "./relay_url.ts";
import type { Sleep } from "../../lib/net/pause.ts";
import { closeQuietly } from "../../lib/net/splice.ts";

/** How long a look may take, milliseconds: whoever refuses does so at once. */
const LOOK_MS = 3_000;

/** How long after it was lost a relay is looked for, milliseconds: a restart is over by then. */
const PATIENCE_MS = 30_000;

/**
 * The pause before the next look: about this share of the time that the relay has been away, so that a visitor
 * waits but little longer than for the relay, and clients come back the more spread the longer that was.
 */
const LOOK = { share: 1 / 8, leastMs: 100, mostMs: 2_000 } as const;

/** Options for {@linkcode restarted}. */
export interface RestartedOptions {
  /** Whether nobody listens where the relay is, as {@linkcode refuses}. */
  isAway: () => Promise<boolean>;
  /** Clock in milliseconds that never goes back. */
  elapsed: () => number;
  sleep: Sleep;
  /** Uniform in [0, 1). */
  random: () => number;
  signal: AbortSignal;
}

/**
 * Looks for a relay for as long as nobody listens there, which costs nobody more than a refused connection.
 *
 * @param lostAt when the relay was lost, by `elapsed`.
 * @returns whether one listens there again; false after two looks where one does all the time, who is to be left
 * alone for a while.
 */
export async function restarted(lostAt: number, options: RestartedOptions): Promise<boolean> {
  const { isAway, elapsed, sleep, random, signal } = options;
  let wasAway = false;
  for (let looks = 0; !signal.aborted; looks++) {
    const awayMs = elapsed() - lostAt;
    if (awayMs >= PATIENCE_MS) return false;
    const isThere = !await isAway();
    // The first look may find the port of a process whose other sockets are closed by now.
    if (isThere && (wasAway || looks > 0)) return wasAway;
    wasAway = !isThere;
    const { share, leastMs, mostMs } = LOOK;
    await sleep(Math.min(Math.max(awayMs * share, leastMs), mostMs) * (0.5 + random()), signal);
  }
  return false;
}

/** Whether nobody listens where a relay is, by a connection that says nothing. Never rejects. */
export async function refuses(relay: URL, signal: AbortSignal): Promise<boolean> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(LOOK_MS)]);
  try {
    closeQuietly(await Deno.connect({ ...dialPlace(relay), signal: within }));
    return false;
  } catch (error) {
    return error instanceof Deno.errors.ConnectionRefused;
  }
}
