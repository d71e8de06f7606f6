import type { DatabaseSync } from "node:sqlite";
import { plainText } from "../../wire/plain_text.ts";
import type { Act, ActStore } from "../acts.ts";
import { toAct } from "../rows.ts";
import type { Engine } from "./engine.ts";

/** Notes an act; to be called within a transaction. */
export type NoteAct = (act: Omit<Act, "at">) => void;

/** Options for {@linkcode actNoter}. */
export interface ActNoterOptions {
  /** Clock in milliseconds since the epoch. */
  now: () => number;
  /** How many are kept of users, and of all others. */
  maxActs: number;
}

/** Makes a {@linkcode NoteAct}. */
export function actNoter(db: DatabaseSync, { now, maxActs }: ActNoterOptions): NoteAct {
  const insert = db.prepare(
    `INSERT INTO act (at, act, username, detail, by, uid, sudo_uid, reason)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const forget = db.prepare(
    `DELETE FROM act WHERE id <= (
       SELECT id FROM act WHERE (by = 'user') = (?1 = 'user') ORDER BY id DESC LIMIT 1 OFFSET ?2
     ) AND (by = 'user') = (?1 = 'user')`,
  );
  return ({ act, username, detail, by, uid, sudoUid, reason }) => {
    const words = reason === undefined ? null : plainText(reason);
    const user = [uid ?? null, sudoUid ?? null];
    insert.run(now(), act, username ?? null, detail ?? null, by, ...user, words);
    forget.run(by, maxActs);
  };
}

/** The acts in the relay's database. */
export function actTable(engine: Engine, noteAct: NoteAct): ActStore {
  const { db } = engine;
  const all = db.prepare("SELECT * FROM act ORDER BY id");
  const of = db.prepare("SELECT * FROM act WHERE username = ? ORDER BY id");
  return {
    note: (act) => engine.write(() => noteAct(act)),
    list: (username) =>
      engine.read(() => (username === undefined ? all.all() : of.all(username)).map(toAct)),
  };
}
