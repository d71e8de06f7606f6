import { inTime } from "./dial_first.ts";
import { dialPlace } from "./relay_url.ts";
import type { Sleep } from "../../lib/net/pause.ts";
import { closeQuietly } from "../../lib/net/splice.ts";

/** How long a look may take, milliseconds: whoever is there answers soon, and whoever refuses does. */
const LOOK_MS = 2_000;

/** How long after it was lost a relay is looked for, milliseconds: a restart is over by then. */
const PATIENCE_MS = 30_000;

/**
 * The pause before the next look: about this share of the time that the relay has been away, so that a visitor
 * waits but little longer than for the relay, and clients come back the more spread the longer that was.
 */
const LOOK = { share: 1 / 8, leastMs: 100, mostMs: 2_000 } as const;

/** Where a relay is: somebody listens, nobody does, or nothing is known for want of an answer. */
export type Presence = "there" | "away" | "unknown";

/** Options for {@linkcode restarted}. */
export interface RestartedOptions {
  /** Looks for the relay, as {@linkcode lookForRelay}. */
  look: () => Promise<Presence>;
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
 * alone for a while, and after one that had no answer: there is no network, or none to there.
 */
export async function restarted(lostAt: number, options: RestartedOptions): Promise<boolean> {
  const { look, elapsed, sleep, random, signal } = options;
  let wasAway = false;
  for (let looks = 0; !signal.aborted; looks++) {
    const awayMs = elapsed() - lostAt;
    if (awayMs >= PATIENCE_MS) return false;
    const presence = await look();
    if (presence === "unknown") return false;
    // The first look may find the port of a process whose other sockets are closed by now.
    if (presence === "there" && (wasAway || looks > 0)) return wasAway;
    wasAway = presence === "away";
    const { share, leastMs, mostMs } = LOOK;
    await sleep(Math.min(Math.max(awayMs * share, leastMs), mostMs) * (0.5 + random()), signal);
  }
  return false;
}

/** Looks for a relay by a connection that says nothing. Never rejects. */
export async function lookForRelay(relay: URL, signal: AbortSignal): Promise<Presence> {
  try {
    const dial = (signal: AbortSignal) => Deno.connect({ ...dialPlace(relay), signal });
    closeQuietly(await inTime(dial, LOOK_MS, signal));
    return "there";
  } catch (error) {
    return error instanceof Deno.errors.ConnectionRefused ? "away" : "unknown";
  }
}
