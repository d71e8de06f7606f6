import type { Ask } from "../../store/postgres/engine.ts";
import { type Changes, type LastChange, PAGE, type PresenceRow } from "../engine.ts";

/** The number of the last change. */
const LAST_NUMBER =
  "greatest((SELECT max(number) FROM presence), (SELECT max(number) FROM notice), 0)";

/** Notices, as the interface has them. */
const NOTICES = `coalesce(json_agg(json_strip_nulls(json_build_object(
  'toldAt', (extract(epoch FROM told_at) * 1e6)::int8, 'kind', kind,
  'username', username, 'boot', boot)) ORDER BY number), '[]')`;

/** See the interface. In one statement: all of it as it was at one moment, each question answered by an index. */
export async function changesSince(ask: Ask, number: number): Promise<Changes> {
  const { rows: [changes] } = await ask<Omit<Changes, "more">>(
    `SELECT CASE WHEN page.rows = $2 THEN page.last ELSE ${LAST_NUMBER} END AS number, presence,
      (SELECT ${NOTICES} FROM notice
        WHERE number > $1 AND (page.rows < $2 OR number <= page.last)) AS notices
    FROM (
      SELECT count(*) AS rows, max(number) AS last,
        coalesce(json_agg(json_build_object('username', username, 'relay', relay,
          'boot', boot, 'epoch', epoch, 'state', state) ORDER BY number), '[]') AS presence
      FROM (SELECT * FROM presence WHERE number > $1 ORDER BY number LIMIT $2) AS changed) AS page`,
    [number, PAGE],
  );
  return { ...changes!, more: changes!.presence.length === PAGE };
}

/** See the interface. */
export async function lastChange(ask: Ask, toldWithinMs: number): Promise<LastChange> {
  const { rows: [last] } = await ask<LastChange>(
    `SELECT ${LAST_NUMBER} AS number, (SELECT ${NOTICES} FROM notice
      WHERE told_at > clock_timestamp() - make_interval(secs => $1)) AS notices`,
    [toldWithinMs / 1_000],
  );
  return last!;
}

/** See the interface. */
export async function onlineBehind(ask: Ask, username: string): Promise<PresenceRow[]> {
  const { rows } = await ask<PresenceRow>(
    `SELECT username, relay, boot, epoch, state FROM presence
    WHERE state = 'online' AND username > $1 ORDER BY username LIMIT $2`,
    [username, PAGE],
  );
  return rows;
}
