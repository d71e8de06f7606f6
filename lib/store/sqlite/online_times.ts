import type { OnlineTimes } from "../online_times.ts";
import { leftAt } from "../rows.ts";
import type { Engine } from "./engine.ts";

/** Keeps them in the relay's database, with the accounts; `now` in milliseconds since the epoch. */
export function onlineTimes(engine: Engine, now: () => number): OnlineTimes {
  const { db } = engine;
  const see = db.prepare(
    `UPDATE account SET last_online_at = max(coalesce(last_online_at, ?2), ?2) WHERE username = ?1`,
  );
  const attend = db.prepare("UPDATE account SET left_at = ?2 WHERE username = ?1");
  const selectAwaited = db.prepare(
    `SELECT username, left_at FROM account LEFT JOIN blocked_name USING (username)
     WHERE blocked_at IS NULL AND (left_at = 0 OR left_at BETWEEN ?1 AND ?2)
     ORDER BY left_at = 0, left_at`,
  );
  return {
    markSeen: (seen) =>
      engine.write(() =>
        seen.forEach(({ at, attendance }, username) => {
          if (at !== undefined) see.run(username, at);
          if (attendance !== undefined) attend.run(username, leftAt(attendance, at ?? now()));
        })
      ),
    listAwaited: (recentMs) =>
      engine.read(() =>
        selectAwaited.all(now() - recentMs, now()).map((row) => ({
          username: String(row.username),
          ...(row.left_at !== 0 && { awayMs: now() - Number(row.left_at) }),
        }))
      ),
  };
}
