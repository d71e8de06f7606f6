import type { Ask } from "./engine.ts";

/** The time by the database's clock, milliseconds since the epoch. */
export const CLOCK = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/** Tells what all relays on a database take for the time, milliseconds since the epoch; rejects as `ask`. */
export type SharedClock = (ask: Ask) => Promise<number>;

/**
 * Makes it of the database's clock: relays' own may be hours off one another.
 *
 * @param now a clock to go by in its place.
 */
export function sharedClock(now?: () => number): SharedClock {
  return async (ask) => {
    if (now !== undefined) return now();
    const { rows: [row] } = await ask<{ now: number }>(`SELECT ${CLOCK} AS now`);
    return row!.now;
  };
}
