import type { Ask, PostgresEngine } from "./engine.ts";
import { requireServer } from "./require_server.ts";
import { MIGRATIONS } from "./schema.ts";

/** Key of the advisory lock of whoever changes the schema: "glossond" as bytes. */
const SCHEMA_LOCK = "7452731094083595876";

/**
 * Takes the steps of the schema that are missing, all or none; of several relays that start at once one
 * does.
 *
 * @throws {Error} when a newer glossond has taken a step that this one cannot work with, or the server cannot
 * be worked with at all.
 */
export function migrateSchema(engine: PostgresEngine): Promise<void> {
  return engine.write(async (ask) => {
    await requireServer(ask);
    await ask("SELECT pg_advisory_xact_lock($1)", [SCHEMA_LOCK]);
    const { version, needs } = await schemaOf(ask);
    if (needs > MIGRATIONS.length) {
      throw new Error(
        `Cannot use the database: it has schema ${version}, which takes a glossond that knows ${needs}; this one knows ${MIGRATIONS.length}: run the newer glossond`,
      );
    }
    const steps = MIGRATIONS.slice(version);
    if (steps.length === 0) return;
    for (const { sql } of steps) await ask(sql);
    const needed = Math.max(needs, ...steps.map((step) => step.needs));
    await ask("UPDATE glossond_schema SET version = $1, needs = $2", [MIGRATIONS.length, needed]);
  });
}

/** How many steps were taken, and how many a glossond has to know. */
async function schemaOf(ask: Ask): Promise<{ version: number; needs: number }> {
  const { rows: [found] } = await ask<{ name: string | null }>(
    "SELECT to_regclass('glossond_schema')::text AS name",
  );
  if (found?.name === null) {
    await ask("CREATE TABLE glossond_schema (version bigint NOT NULL, needs bigint NOT NULL)");
    await ask("INSERT INTO glossond_schema VALUES (0, 0)");
  }
  const { rows: [row] } = await ask<{ version: number; needs: number }>(
    "SELECT version, needs FROM glossond_schema",
  );
  return row ?? { version: 0, needs: 0 };
}
