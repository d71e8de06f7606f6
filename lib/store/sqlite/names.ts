import type { NameStore, OwnSets } from "../names.ts";
import { toSets } from "../rows.ts";
import type { Engine } from "./engine.ts";

/** The store in the relay's database, table `name_record`. */
export function nameTable(engine: Engine): NameStore {
  const { db } = engine;
  const all = db.prepare("SELECT name, type, contents FROM name_record ORDER BY name");
  const of = db.prepare("SELECT type, contents FROM name_record WHERE name = ?");
  const below = db.prepare(
    "SELECT DISTINCT name FROM name_record WHERE name LIKE '%.' || ? ORDER BY name",
  );
  const add = db.prepare(
    "INSERT OR IGNORE INTO name_record (name, type, contents) VALUES (?, ?, ?)",
  );
  const clear = db.prepare("DELETE FROM name_record WHERE name = ?");

  function insert({ name, sets }: OwnSets): void {
    for (const { type, contents } of sets) add.run(name, type, contents);
  }

  return {
    all: () =>
      engine.read(() => {
        const byName = Map.groupBy(all.all(), ({ name }) => String(name));
        return new Map([...byName].map(([name, rows]) => [name, toSets(rows)]));
      }),
    of: (name) => engine.read(() => toSets(of.all(name))),
    below: (name) => engine.read(() => below.all(name).map((row) => String(row.name))),
    async writing(plans) {
      if (plans.some(({ sets }) => sets.length > 0)) {
        await engine.write(() => plans.forEach(insert));
      }
    },
    async written(plans) {
      if (plans.length === 0) return;
      await engine.write(() => {
        for (const each of plans) {
          clear.run(each.name);
          insert(each);
        }
      });
    },
  };
}
