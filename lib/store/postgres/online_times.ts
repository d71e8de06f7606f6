import type { OnlineTimes } from "../online_times.ts";
import { leftAt } from "../rows.ts";
import type { PostgresEngine } from "./engine.ts";

/** Keeps them in the database, with the accounts; `now` in milliseconds since the epoch. */
export function onlineTimes(engine: PostgresEngine, now: () => number): OnlineTimes {
  return {
    markSeen: (seen) =>
      engine.write(async (ask) => {
        const changes = [...seen].map(([username, { at, attendance }]) => ({
          username,
          at: at ?? null,
          attends: attendance !== undefined,
          left_at: attendance === undefined ? null : leftAt(attendance, at ?? now()),
        }));
        // Locked by name first: two relays that mark at once wait in no circle.
        await ask(
          `WITH change AS (
             SELECT * FROM json_to_recordset($1)
               AS given (username text, at bigint, attends boolean, left_at bigint)
           ), locked AS (
             SELECT username FROM account WHERE username IN (SELECT username FROM change)
             ORDER BY username FOR NO KEY UPDATE
           )
           UPDATE account SET
             last_online_at = greatest(last_online_at, change.at),
             left_at = CASE WHEN change.attends THEN change.left_at ELSE account.left_at END
           FROM change JOIN locked USING (username) WHERE account.username = change.username`,
          [JSON.stringify(changes)],
        );
      }),
    listAwaited: (recentMs) =>
      engine.read(async (ask) => {
        const { rows } = await ask<{ username: string; left_at: number }>(
          `SELECT username, left_at FROM account LEFT JOIN blocked_name USING (username)
           WHERE blocked_at IS NULL AND (left_at = 0 OR left_at BETWEEN $1 AND $2)
           ORDER BY left_at = 0, left_at`,
          [now() - recentMs, now()],
        );
        return rows.map(({ username, left_at }) => ({
          username,
          ...(left_at !== 0 && { awayMs: now() - left_at }),
        }));
      }),
  };
}
