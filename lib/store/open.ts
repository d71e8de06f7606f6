import {
  hasAccounts,
  openSqlite,
  readNamesOf,
  SQLITE_FILE,
  SQLITE_MOVED_FILE,
} from "./sqlite/open.ts";
import type { PostgresPlace } from "./postgres/client_config.ts";
import type { KeptNames } from "./kept_names.ts";
import { lstat } from "../file/plain_file.ts";
import type { ServerFault, ServerLook } from "./postgres/look.ts";
import type { SharedTurn } from "./shared_turn.ts";
import type { CheckpointOptions } from "./sqlite/checkpoints.ts";
import type { Store } from "./store.ts";

/*
 * PostgreSQL's part is imported where a database is named: its library takes memory, and time of each start
 * and command.
 */

export type { ServerFault, ServerLook };

/** Where a relay's store is. */
export interface StorePlace {
  /** Its state folder, which is there. */
  stateDir: string;
  /** The PostgreSQL database that it is in, if it is not in the folder. */
  database?: PostgresPlace;
}

/**
 * Opens (and makes or migrates) the relay's store; the caller closes it.
 *
 * @throws {Error} when it cannot be used; the message names it and the fix.
 */
export async function openStore(
  place: StorePlace,
  options?: Pick<CheckpointOptions, "onCheckpointProblem">,
): Promise<Store> {
  if (place.database === undefined) return await openSqlite(pathIn(place), options);
  const { openPostgres } = await import("./postgres/open.ts");
  const store = await openPostgres(place.database);
  try {
    await requireCarriedOver(place, store);
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/**
 * Looks for the store of a relay that has run, and loads what opens it, while the process may read where the program is:
 * root may be the state folder's owner by then.
 *
 * @throws {Error} when there is none; the message names the setting.
 */
export async function requireStore(place: StorePlace): Promise<void> {
  if (place.database !== undefined) {
    // It tells by itself what it lacks.
    await import("./postgres/open.ts");
    return;
  }
  const path = pathIn(place);
  try {
    await Deno.stat(path);
  } catch {
    throw new Error(`There is no ${path}; set GLOSSOND_STATE_DIR to the relay's state folder`);
  }
}

/**
 * What is kept of users' names, without a change to the store.
 *
 * @throws {Error} when it cannot be read.
 */
export async function readNames(place: StorePlace): Promise<KeptNames> {
  if (place.database === undefined) return await readNamesOf(pathIn(place));
  const { readPostgresNames } = await import("./postgres/look.ts");
  return await readPostgresNames(place.database);
}

/** Looks how each server of the store is; none where it is in the folder. */
export async function lookAtServers(
  { database }: StorePlace,
): Promise<(ServerLook | ServerFault)[]> {
  if (database === undefined) return [];
  const { lookAtPostgres } = await import("./postgres/look.ts");
  return await lookAtPostgres(database);
}

/** The turn that relays on the store share, which the caller closes; undefined where there can be only one. */
export async function openSharedTurn({ database }: StorePlace): Promise<SharedTurn | undefined> {
  if (database === undefined) return undefined;
  const { PostgresTurn } = await import("./postgres/shared_turn.ts");
  return new PostgresTurn(database);
}

/** @throws {Error} when all accounts are in the folder still: the database would have nobody's name. */
async function requireCarriedOver({ stateDir }: StorePlace, { accounts }: Store): Promise<void> {
  const path = `${stateDir}/${SQLITE_FILE}`;
  if (lstat(path) === undefined || (await accounts.counts()).total > 0) return;
  // One that cannot be read has nothing to carry over.
  if (!await hasAccounts(path).catch(() => false)) return;
  throw new Error(
    `The accounts are in ${path}, and the PostgreSQL database has none: stop the relay and carry them over by glossond migrate --to postgres, or move that file aside to begin anew`,
  );
}

/** @throws {Error} when what it held is elsewhere now: a new one would have nobody's name. */
function pathIn({ stateDir }: StorePlace): string {
  const path = `${stateDir}/${SQLITE_FILE}`;
  if (lstat(path) === undefined && lstat(`${stateDir}/${SQLITE_MOVED_FILE}`) !== undefined) {
    throw new Error(
      `The database of ${stateDir} was carried over to PostgreSQL: put DATABASE_URL into the secrets file, or go back by glossond migrate --to sqlite`,
    );
  }
  return path;
}
