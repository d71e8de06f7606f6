import type { DatabaseSync } from "node:sqlite";
import { write } from "../database.ts";
import { contentsOf, type OwnedSets } from "./name_records.ts";
import type { PdnsRrset } from "./power_dns.ts";

/** A name, and sets at it that are this relay's. */
export interface OwnSets {
  name: string;
  ours: readonly PdnsRrset[];
}

/** Remembers which sets in the DNS are this relay's. */
export interface NameStore {
  /** Names that have such sets. */
  names(): string[];
  of(name: string): OwnedSets;
  /** Comes before these sets are written: what was written before stays this relay's, too. */
  writing(all: readonly OwnSets[]): Promise<void>;
  /** Comes after: at these names these sets and no others are this relay's. */
  written(all: readonly OwnSets[]): Promise<void>;
}

/** The store in the relay's database, table `name_record`. */
export function nameTable(db: DatabaseSync): NameStore {
  const names = db.prepare("SELECT DISTINCT name FROM name_record ORDER BY name");
  const of = db.prepare("SELECT type, contents FROM name_record WHERE name = ?");
  const add = db.prepare(
    "INSERT OR IGNORE INTO name_record (name, type, contents) VALUES (?, ?, ?)",
  );
  const clear = db.prepare("DELETE FROM name_record WHERE name = ?");

  function insert({ name, ours }: OwnSets): void {
    for (const set of ours) add.run(name, set.type, contentsOf(set));
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
      if (all.some(({ ours }) => ours.length > 0)) await write(db, () => all.forEach(insert));
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
