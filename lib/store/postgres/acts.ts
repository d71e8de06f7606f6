import { plainText } from "../../wire/plain_text.ts";
import type { Act, ActStore } from "../acts.ts";
import { toAct } from "../rows.ts";
import type { Ask, PostgresEngine } from "./engine.ts";

/** Notes an act; to be called within a transaction, as the last but telling of it. */
export type NoteAct = (ask: Ask, act: Omit<Act, "at">) => Promise<void>;

/** Options for {@linkcode actNoter}. */
export interface ActNoterOptions {
  /** Clock in milliseconds since the epoch. */
  now: () => number;
  /** How many are kept of users, and of all others. */
  maxActs: number;
}

/** Makes a {@linkcode NoteAct}. */
export function actNoter({ now, maxActs }: ActNoterOptions): NoteAct {
  return async (ask, { act, username, detail, by, uid, sudoUid, reason }) => {
    const words = reason === undefined ? null : plainText(reason);
    await ask(
      `INSERT INTO act (at, act, username, detail, by, uid, sudo_uid, reason)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [now(), act, username, detail, by, uid, sudoUid, words],
    );
    // What another relay is forgetting at this moment it forgets.
    await ask(
      `DELETE FROM act WHERE id IN (
         SELECT id FROM act WHERE (by = 'user') = $1
         ORDER BY id DESC OFFSET $2 FOR UPDATE SKIP LOCKED
       )`,
      [by === "user", maxActs],
    );
  };
}

/** The acts in the database. */
export function actTable(engine: PostgresEngine, noteAct: NoteAct): ActStore {
  return {
    note: (act) => engine.write((ask) => noteAct(ask, act)),
    list: (username) =>
      engine.read(async (ask) => {
        const { rows } = await ask(
          "SELECT * FROM act WHERE $1::text IS NULL OR username = $1 ORDER BY id",
          [username],
        );
        return rows.map(toAct);
      }),
  };
}
