import type { Limits, LimitStore } from "../limits.ts";
import { toLimits } from "../rows.ts";
import type { NoteAct } from "./acts.ts";
import type { Engine } from "./engine.ts";

/** The limits of single users in the relay's database. */
export function limitTable(engine: Engine, noteAct: NoteAct): LimitStore {
  const { db } = engine;
  const all = db.prepare("SELECT * FROM user_limit");
  const some = db.prepare(
    "SELECT * FROM user_limit WHERE username IN (SELECT value FROM json_each(?))",
  );
  const select = db.prepare("SELECT * FROM user_limit WHERE username = ?");
  const put = db.prepare(
    `INSERT OR REPLACE INTO user_limit (username, connections, bytes_per_day)
     SELECT username, ?2, ?3 FROM account WHERE username = ?1`,
  );

  function of(username: string): Limits {
    const row = select.get(username);
    return row === undefined ? {} : toLimits(row);
  }

  return {
    all: (usernames) =>
      engine.read(() => {
        const rows = usernames === undefined ? all.all() : some.all(JSON.stringify(usernames));
        return new Map(rows.map((row) => [String(row.username), toLimits(row)]));
      }),
    of: (username) => engine.read(() => of(username)),
    set: (username, changes, trace) =>
      engine.write(() => {
        const { connections = null, bytesPerDay = null } = { ...of(username), ...changes };
        if (put.run(username, connections, bytesPerDay).changes === 0) return undefined;
        const detail = Object.entries(changes)
          .map(([name, value]) => `${name} ${value ?? "as the settings"}`).join(", ");
        noteAct({ act: "limit", username, detail, ...trace });
        return of(username);
      }),
  };
}
