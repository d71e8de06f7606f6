import type { PostgresPlace } from "../../store/postgres/client_config.ts";
import { PostgresEngine } from "../../store/postgres/engine.ts";
import { type ClusterEngine, DEAD_MS } from "../engine.ts";
import { PostgresCluster, type Self } from "./engine.ts";
import { HEARD_MS } from "./schema.ts";

/** Connections to the database at once, besides one that listens and the store's own. */
const CONNECTIONS = 2;

/** What relays share by way of a database, reached by connections of its own. */
export function openPostgresCluster(place: PostgresPlace, me: Self): ClusterEngine {
  return new PostgresCluster(new PostgresEngine(place, { connections: CONNECTIONS }), me);
}

/** What a relay has told of itself; what an older one does not tell is null. */
export interface RelayLook {
  id: string;
  version: string;
  /** Whether it was heard lately, by the database's clock, and how long ago that was. */
  alive: boolean;
  heardMs: number;
  dataHost: string | null;
  dataPort: number | null;
  /** How far its clock is ahead of the database's, milliseconds. */
  aheadMs: number | null;
}

/**
 * Looks at all relays that share a database, without a change to it; undefined before the first one has
 * made the tables.
 *
 * @throws {StoreError} when it cannot be asked; the message has the fix.
 */
export async function lookAtRelays(place: PostgresPlace): Promise<RelayLook[] | undefined> {
  const engine = new PostgresEngine(place, { connections: 1 });
  try {
    return await engine.read(async (ask) => {
      const { count } = await ask(
        `SELECT 1 FROM pg_attribute
         WHERE attrelid = to_regclass('relay') AND attname = 'ahead_ms'`,
      );
      if (count === 0) return undefined;
      const { rows } = await ask<RelayLook>(
        `SELECT id, version, data_host AS "dataHost", data_port AS "dataPort", ahead_ms AS "aheadMs",
           alive AND heard_at > clock_timestamp() - make_interval(secs => $1) AS alive,
           ${HEARD_MS} AS "heardMs"
         FROM relay ORDER BY id`,
        [DEAD_MS / 1000],
      );
      return rows;
    });
  } finally {
    await engine.close();
  }
}
