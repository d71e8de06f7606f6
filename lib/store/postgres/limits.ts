import type { Limits, LimitStore } from "../limits.ts";
import { toLimits } from "../rows.ts";
import type { NoteAct } from "./acts.ts";
import type { Ask, PostgresEngine } from "./engine.ts";
import type { KnownAccounts } from "./known_accounts.ts";
import { lockName } from "./names_lock.ts";

/** The limits of single users in the database. */
export function limitTable(
  engine: PostgresEngine,
  { noteAct, known }: { noteAct: NoteAct; known: KnownAccounts },
): LimitStore {
  return {
    all: (usernames) =>
      engine.read(async (ask) => {
        const { rows } = await ask(
          "SELECT * FROM user_limit WHERE $1::text[] IS NULL OR username = ANY ($1)",
          [usernames],
        );
        return new Map(rows.map((row) => [String(row.username), toLimits(row)]));
      }),
    of: (username) => engine.read((ask) => limitsOf(ask, username)),
    set: (username, changes, trace) =>
      known.change(async (ask, tell) => {
        await lockName(ask, username);
        const { connections = null, bytesPerDay = null } = {
          ...await limitsOf(ask, username),
          ...changes,
        };
        const { count } = await ask(
          `INSERT INTO user_limit (username, connections, bytes_per_day)
           SELECT username, $2, $3 FROM account WHERE username = $1
           ON CONFLICT (username) DO UPDATE SET connections = $2, bytes_per_day = $3`,
          [username, connections, bytesPerDay],
        );
        if (count === 0) return undefined;
        const detail = Object.entries(changes)
          .map(([name, value]) => `${name} ${value ?? "as the settings"}`).join(", ");
        await noteAct(ask, { act: "limit", username, detail, ...trace });
        tell(username, "limits");
        return await limitsOf(ask, username);
      }),
  };
}

async function limitsOf(ask: Ask, username: string): Promise<Limits> {
  const { rows: [row] } = await ask("SELECT * FROM user_limit WHERE username = $1", [username]);
  return row === undefined ? {} : toLimits(row);
}
