import type { FigureStore, Passed } from "../figures.ts";
import { toFigures } from "../rows.ts";
import type { Ask, PostgresEngine } from "./engine.ts";

/** How long it is known of whoever writes no more what they wrote last, days. */
const KEPT_DAYS = 7;

/** One statement, whose rows are locked by name: relays that count at once add up, and wait in no circle. */
const ADD = `INSERT INTO user_figure AS old (username, visitors, dialled, bytes_to_client,
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
    last_visit_at = greatest(excluded.last_visit_at, old.last_visit_at),
    day_bytes = CASE WHEN old.day < excluded.day THEN 0 ELSE old.day_bytes END +
      CASE WHEN old.day > excluded.day THEN 0 ELSE excluded.day_bytes END,
    day = greatest(old.day, excluded.day)`;

/** The figures in the database. */
export function figureTable(engine: PostgresEngine): FigureStore {
  return {
    add: ({ writer, number, day, passed }) =>
      engine.write(async (ask) => {
        if (!await isNew(ask, writer, number)) return;
        await ask(ADD, [JSON.stringify(Array.from(passed, toRow)), day]);
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

/** Notes that a batch is taken with this transaction; false where it was by an earlier one. */
async function isNew(ask: Ask, writer: string, number: number): Promise<boolean> {
  if (number === 1) {
    await ask(
      "DELETE FROM figure_batch WHERE written_at < clock_timestamp() - make_interval(days => $1)",
      [KEPT_DAYS],
    );
  }
  const { count } = await ask(
    `INSERT INTO figure_batch AS last (writer, number) VALUES ($1, $2)
     ON CONFLICT (writer) DO UPDATE SET number = excluded.number, written_at = clock_timestamp()
     WHERE last.number < excluded.number`,
    [writer, number],
  );
  return count === 1;
}

function toRow([username, { lastVisitAt, ...counts }]: [string, Passed]): Record<string, unknown> {
  return {
    username,
    visitors: counts.visitors,
    dialled: counts.dialled,
    bytes_to_client: counts.bytesToClient,
    bytes_to_visitors: counts.bytesToVisitors,
    last_visit_at: lastVisitAt ?? null,
  };
}
