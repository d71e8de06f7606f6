import type { Ask } from "../../store/postgres/engine.ts";
import type { Arrival, Departure } from "../engine.ts";

/**
 * A session that is announced within this time of its beginning is the newest of its user, whatever the
 * clocks say; milliseconds.
 */
const FRESH_MS = 2_000;

/** The database's clock, microseconds. */
const CLOCK = "extract(epoch FROM clock_timestamp()) * 1e6";

/** Condition that a relay counts as there, $1 its id and $2 the process of it. */
const ALIVE = "EXISTS (SELECT 1 FROM relay WHERE id = $1 AND boot = $2 AND alive)";

/**
 * Writes sessions that began or ended at a relay, in a transaction that holds the lock of changes.
 *
 * An epoch is a time of the database's clock in microseconds: when the session began, or just above the
 * one that it takes the place of. Where the clock was set back since that began, which is the older one nobody can
 * tell: the one that is new to the others holds.
 *
 * @returns the epochs of the arrivals that hold.
 * @throws {Error} when the relay does not count as there.
 */
export async function announce(
  ask: Ask,
  { relay, boot }: { relay: string; boot: string },
  arrivals: Arrival[],
  departures: Departure[],
): Promise<Map<string, number>> {
  if (departures.length > 0) {
    await ask(
      `UPDATE presence p SET state = d.state, number = nextval('change_number')
      FROM unnest($2::text[], $3::text[]) AS d (username, state)
      WHERE p.username = d.username AND p.boot = $1 AND p.state = 'online'`,
      [boot, departures.map(({ username }) => username), departures.map(({ state }) => state)],
    );
  }
  const names = arrivals.map(({ username }) => username);
  if (arrivals.length > 0) {
    await ask(
      `WITH a AS (
        SELECT username, epoch IS NULL AS new, epoch IS NULL AND age_ms < $6 AS fresh,
          coalesce(epoch, (${CLOCK} - age_ms * 1e3)::int8) AS epoch
        FROM unnest($3::text[], $4::int8[], $5::float8[]) AS given (username, epoch, age_ms))
      INSERT INTO presence AS p (username, relay, boot, epoch, state)
      SELECT a.username, $1, $2, greatest(a.epoch, before.epoch + 1), 'online'
      FROM a LEFT JOIN presence before USING (username)
      WHERE ${ALIVE} AND (before.username IS NULL OR before.state <> 'online' OR a.fresh
        OR before.epoch < a.epoch OR a.new AND before.epoch > ${CLOCK})
      ON CONFLICT (username) DO UPDATE SET relay = excluded.relay, boot = excluded.boot,
        epoch = excluded.epoch, state = excluded.state, number = nextval('change_number')`,
      [
        ...[relay, boot, names],
        arrivals.map(({ epoch }) => epoch ?? null),
        arrivals.map(({ ageMs }) => ageMs),
        FRESH_MS,
      ],
    );
  }
  const { rows } = await ask<{ username: string | null; epoch: number }>(
    `SELECT username, epoch FROM (SELECT WHERE ${ALIVE}) AS alive LEFT JOIN presence
      ON username = ANY ($3::text[]) AND boot = $2 AND state = 'online'`,
    [relay, boot, names],
  );
  if (rows.length === 0) throw new Error("this relay does not count as there before its next beat");
  return new Map(
    rows.flatMap(({ username, epoch }): [string, number][] =>
      username === null ? [] : [[username, epoch]]
    ),
  );
}
