import type { FigureStore } from "../figures.ts";
import { toFigures } from "../rows.ts";
import type { Engine } from "./engine.ts";

/** The figures in the relay's database. */
export function figureTable(engine: Engine): FigureStore {
  const { db } = engine;
  const add = db.prepare(
    `INSERT INTO user_figure (username, visitors, dialled, bytes_to_client, bytes_to_visitors,
       last_visit_at, day, day_bytes)
     SELECT username, ?2, ?3, ?4, ?5, ?6, ?7, ?4 + ?5 FROM account WHERE username = ?1
     ON CONFLICT DO UPDATE SET
       visitors = visitors + excluded.visitors,
       dialled = dialled + excluded.dialled,
       bytes_to_client = bytes_to_client + excluded.bytes_to_client,
       bytes_to_visitors = bytes_to_visitors + excluded.bytes_to_visitors,
       last_visit_at = coalesce(excluded.last_visit_at, last_visit_at),
       day_bytes = iif(day < excluded.day, 0, day_bytes) + iif(day > excluded.day, 0, excluded.day_bytes),
       day = max(day, excluded.day)`,
  );
  const select = db.prepare("SELECT * FROM user_figure WHERE username = ?");
  const ofDay = db.prepare("SELECT username, day_bytes FROM user_figure WHERE day = ?");
  /** The number of the last batch that was taken of each writer. No answer is lost with the process. */
  const taken = new Map<string, number>();
  return {
    async add({ writer, number, passed, day }) {
      if (number <= (taken.get(writer) ?? 0)) return;
      await engine.write(() => {
        for (const [username, one] of passed) {
          const { visitors, dialled, bytesToClient, bytesToVisitors, lastVisitAt = null } = one;
          const ways = [bytesToClient, bytesToVisitors];
          add.run(username, visitors, dialled, ...ways, lastVisitAt, day);
        }
      });
      taken.set(writer, number);
    },
    of: (username) =>
      engine.read(() => {
        const row = select.get(username);
        return row && toFigures(row);
      }),
    bytesOn: (day) =>
      engine.read(() =>
        new Map(ofDay.all(day).map((row) => [String(row.username), Number(row.day_bytes)]))
      ),
  };
}
