// @ts-types="@types/pg"
import pg from "pg";
import type { PostgresAddress } from "../../../lib/wire/postgres_url.ts";

/**
 * Another program that holds every table against changes, until it is disposed of.
 *
 * @param mode of SQL's LOCK TABLE: ACCESS EXCLUSIVE, as VACUUM FULL takes it, is against reading, too.
 */
export async function lockTables(
  address: PostgresAddress,
  mode: "EXCLUSIVE" | "ACCESS EXCLUSIVE" = "EXCLUSIVE",
): Promise<AsyncDisposable> {
  const { servers: [{ host, port }], user, database } = address;
  const client = new pg.Client({ host, port, user, database });
  client.on("error", () => {});
  await client.connect();
  await client.query("BEGIN");
  const { rows } = await client.query(
    "SELECT string_agg(quote_ident(tablename), ', ') AS names FROM pg_tables WHERE schemaname = 'public'",
  );
  await client.query(`LOCK TABLE ${rows[0].names} IN ${mode} MODE`);
  let held = true;
  return {
    async [Symbol.asyncDispose]() {
      if (!held) return;
      held = false;
      await client.end();
    },
  };
}
