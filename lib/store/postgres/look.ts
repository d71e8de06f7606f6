import { showServer } from "../../wire/postgres_url.ts";
import { StoreError } from "../error.ts";
import type { KeptNames } from "../kept_names.ts";
import {
  ACCOUNTS,
  BELOW_IN_USE,
  issuersFrom,
  issuersSince,
  toKeptNames,
  USER_CAA,
} from "../rows.ts";
import type { PostgresPlace } from "./client_config.ts";
import { type Ask, PostgresEngine } from "./engine.ts";
import { isReached } from "./errors.ts";
import { requireServer } from "./require_server.ts";
import { type ServerState, STATE_COLUMNS } from "./server_choice.ts";

/** What a look at one of a database's PostgreSQL servers found. */
export interface ServerLook extends ServerState {
  /** Where it is. */
  server: string;
  /** As it tells it itself: 15.18 (Debian …). */
  version: string;
  /** Whether the connection is encrypted. */
  encrypted: boolean;
  /** Whether it is a standby, which can be promoted. */
  isStandby: boolean;
  /**
   * How long ago what a standby has last was done at the primary, milliseconds; null where it has had nothing
   * of it since it started, and at a primary.
   */
  behindMs: number | null;
  /** What its clock says, milliseconds since the epoch. */
  clock: number;
}

/** What kept a look from one of them. */
export interface ServerFault {
  /** What is wrong, with the fix. */
  error: Error;
  /** Whether the server is there: one that refuses may be the primary. */
  isReached: boolean;
}

/**
 * What is kept of users' names, without a change to the database.
 *
 * @throws {StoreError} when it cannot be read.
 */
export function readPostgresNames(place: PostgresPlace): Promise<KeptNames> {
  return once(place, async (ask) => {
    // Where no relay of this version has started yet there are no such tables.
    const { rows: [{ hasCaa } = {}] } = await ask(
      `SELECT to_regclass('user_caa') IS NOT NULL AS "hasCaa"`,
    );
    return toKeptNames({
      accounts: (await ask(ACCOUNTS)).rows,
      below: (await ask(BELOW_IN_USE)).rows,
      caa: hasCaa ? (await ask(USER_CAA)).rows : [],
      issuers: hasCaa ? (await ask(issuersSince("$1"), [issuersFrom(Date.now())])).rows : [],
    });
  });
}

/** Looks how each server of a database is, without a change to it. */
export async function lookAtPostgres(
  { address, caPem }: PostgresPlace,
): Promise<(ServerLook | ServerFault)[]> {
  return await Promise.all(address.servers.map((server) =>
    // As the only one, a standby is asked as well.
    once({ address: { ...address, servers: [server] }, caPem }, async (ask) => {
      await requireServer(ask);
      const { rows: [row] } = await ask<Omit<ServerLook, "server">>(
        `SELECT current_setting('server_version') AS version,
           coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS encrypted,
           ${STATE_COLUMNS},
           pg_is_in_recovery() AS "isStandby",
           CASE WHEN pg_is_in_recovery() THEN extract(epoch FROM
             clock_timestamp() - pg_last_xact_replay_timestamp())::float8 * 1000 END AS "behindMs",
           (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS clock`,
      );
      return { server: showServer(server), ...row! };
    }).catch((error: Error) => ({
      error,
      isReached: !(error instanceof StoreError) || isReached(error.cause),
    }))
  ));
}

async function once<T>(place: PostgresPlace, work: (ask: Ask) => Promise<T>): Promise<T> {
  const engine = new PostgresEngine(place);
  try {
    return await engine.read(work);
  } finally {
    await engine.close();
  }
}
