import type { NameStore, OwnSets } from "../names.ts";
import { toSets } from "../rows.ts";
import type { Ask, PostgresEngine } from "./engine.ts";
import { lockName } from "./names_lock.ts";

/** The journal in the database, table `name_record`. */
export function nameTable(engine: PostgresEngine): NameStore {
  async function insert(ask: Ask, { name, sets }: OwnSets): Promise<void> {
    for (const { type, contents } of sets) {
      await ask(
        "INSERT INTO name_record (name, type, contents) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        [name, type, contents],
      );
    }
  }

  /** Changes all of them, in an order in which two relays wait in no circle. */
  function change(
    plans: readonly OwnSets[],
    each: (ask: Ask, plan: OwnSets) => Promise<void>,
  ): Promise<void> {
    const ordered = plans.toSorted((a, b) => a.name < b.name ? -1 : 1);
    return engine.write(async (ask) => {
      for (const plan of ordered) {
        await lockName(ask, plan.name);
        await each(ask, plan);
      }
    });
  }

  return {
    all: () =>
      engine.read(async (ask) => {
        const { rows } = await ask("SELECT name, type, contents FROM name_record ORDER BY name");
        const byName = Map.groupBy(rows, ({ name }) => String(name));
        return new Map([...byName].map(([name, sets]) => [name, toSets(sets)]));
      }),
    of: (name) =>
      engine.read(async (ask) =>
        toSets(
          (await ask("SELECT type, contents FROM name_record WHERE name = $1", [name])).rows,
        )
      ),
    below: (name) =>
      engine.read(async (ask) => {
        const { rows } = await ask<{ name: string }>(
          "SELECT DISTINCT name FROM name_record WHERE name LIKE '%.' || $1 ORDER BY name",
          [name],
        );
        return rows.map((row) => row.name);
      }),
    async writing(plans) {
      if (plans.some(({ sets }) => sets.length > 0)) await change(plans, insert);
    },
    async written(plans) {
      if (plans.length === 0) return;
      await change(plans, async (ask, plan) => {
        await ask("DELETE FROM name_record WHERE name = $1", [plan.name]);
        await insert(ask, plan);
      });
    },
  };
}
