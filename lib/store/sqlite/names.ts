import type { DatabaseSync } from "node:sqlite";
import { write } from "./database.ts";
import type { NameStore, OwnSets } from "../names.ts";

/** The store in the relay's database, table `name_record`. */
export function nameTable(db: DatabaseSync): NameStore {
  const names = db.prepare("SELECT DISTINCT name FROM name_record ORDER BY name");
  const of = db.prepare("SELECT type, contents FROM name_record WHERE name = ?");
  const add = db.prepare(
    "INSERT OR IGNORE INTO name_record (name, type, contents) VALUES (?, ?, ?)",
  );
  const clear = db.prepare("DELETE FROM name_record WHERE name = ?");

  function insert({ name, sets }: OwnSets): void {
    for (const { type, contents } of sets) add.run(name, type, contents);
  }

  return {
    names: () => names.all().map((row) => String(row.name)),
    of(name) {
      const sets = new Map<string, Set<string>>();
      for (const { type, contents } of of.all(name)) {
        const known = sets.get(String(type)) ?? new Set();
        sets.set(String(type), known.add(String(contents)));
      }
      return sets;
    },
    async writing(all) {
      if (all.some(({ sets }) => sets.length > 0)) await write(db, () => all.forEach(insert));
    },
    async written(all) {
      if (all.length === 0) return;
      await write(db, () => {
        for (const each of all) {
          clear.run(each.name);
          insert(each);
        }
      });
    },
  };
}
