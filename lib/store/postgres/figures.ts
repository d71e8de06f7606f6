import type { FigureStore } from "../figures.ts";
import { toFigures } from "../rows.ts";
import type { PostgresEngine } from "./engine.ts";

/** The figures in the database. */
export function figureTable(engine: PostgresEngine): FigureStore {
  return {
    // One statement, whose rows are locked by name: relays that count at once add up, and wait in no circle.
    add: (all, day) =>
      engine.write(async (ask) => {
        const passed = [...all].map(([username, { lastVisitAt, ...counts }]) => ({
          username,
          visitors: counts.visitors,
          dialled: counts.dialled,
          bytes_to_client: counts.bytesToClient,
          bytes_to_visitors: counts.bytesToVisitors,
          last_visit_at: lastVisitAt ?? null,
        }));
        await ask(
          `INSERT INTO user_figure AS old (username, visitors, dialled, bytes_to_client,
             bytes_to_visitors, last_visit_at, day, day_bytes)
           SELECT username, visitors, dialled, bytes_to_client, bytes_to_visitors, last_visit_at,
             $2, bytes_to_client + bytes_to_visitors
           FROM json_to_recordset($1) AS passed (username text, visitors bigint, dialled bigint,
             bytes_to_client bigint, bytes_to_visitors bigint, last_visit_at bigint)
           JOIN account USING (username) ORDER BY username
           ON CONFLICT (username) DO UPDATE SET
             visitors = old.visitors + excluded.visitors,
             dialled = old.dialled + excluded.dialled,
             bytes_to_client = old.bytes_to_client + excluded.bytes_to_client,
             bytes_to_visitors = old.bytes_to_visitors + excluded.bytes_to_visitors,
             last_visit_at = coalesce(excluded.last_visit_at, old.last_visit_at),
             day_bytes = excluded.day_bytes +
               CASE WHEN old.day = excluded.day THEN old.day_bytes ELSE 0 END,
             day = excluded.day`,
          [JSON.stringify(passed), day],
        );
      }),
    of: (username) =>
      engine.read(async (ask) => {
        const { rows: [row] } = await ask("SELECT * FROM user_figure WHERE username = $1", [
          username,
        ]);
        return row && toFigures(row);
      }),
    bytesOn: (day) =>
      engine.read(async (ask) => {
        const { rows } = await ask<{ username: string; day_bytes: number }>(
          "SELECT username, day_bytes FROM user_figure WHERE day = $1",
          [day],
        );
        return new Map(rows.map((row) => [row.username, row.day_bytes]));
      }),
  };
}
