import type { PostgresPlace } from "./client_config.ts";
import { type Ask, PostgresEngine } from "./engine.ts";
import { requireServer } from "./require_server.ts";

/** What a look at a PostgreSQL server found. */
export interface ServerLook {
  /** As it tells it itself: 15.18 (Debian …). */
  version: string;
  /** Whether the connection is encrypted. */
  encrypted: boolean;
  /** Whether it takes no changes, as a standby. */
  readOnly: boolean;
  /** What its clock says, milliseconds since the epoch. */
  clock: number;
}

/**
 * Who has an account, without a change to the database.
 *
 * @throws {StoreError} when it cannot be read.
 */
export function readPostgresUsernames(place: PostgresPlace): Promise<string[]> {
  return once(place, async (ask) => {
    const { rows } = await ask<{ username: string }>(
      "SELECT username FROM account ORDER BY username",
    );
    return rows.map(({ username }) => username);
  });
}

/**
 * Looks how a server is, without a change to it.
 *
 * @throws {Error} when it cannot be asked, or not be worked with; the message has the fix.
 */
export function lookAtPostgres(place: PostgresPlace): Promise<ServerLook> {
  return once(place, async (ask) => {
    await requireServer(ask);
    const { rows: [row] } = await ask<ServerLook>(
      `SELECT current_setting('server_version') AS version,
         coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS encrypted,
         current_setting('transaction_read_only') = 'on' AS "readOnly",
         (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS clock`,
    );
    return row!;
  });
}

async function once<T>(place: PostgresPlace, work: (ask: Ask) => Promise<T>): Promise<T> {
  const engine = new PostgresEngine(place);
  try {
    return await engine.read(work);
  } finally {
    await engine.close();
  }
}
