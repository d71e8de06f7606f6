import { openSqlite, readUsernamesOf, SQLITE_FILE } from "./sqlite/open.ts";
import type { Store } from "./store.ts";

/** Where a relay's store is. */
export interface StorePlace {
  /** Its state folder, which is there. */
  stateDir: string;
}

/**
 * Opens (and makes or migrates) the relay's store; the caller closes it.
 *
 * @throws {Error} when it cannot be used; the message names it and the fix.
 */
export function openStore(place: StorePlace): Promise<Store> {
  return openSqlite(pathIn(place));
}

/**
 * Looks for the store of a relay that has run.
 *
 * @throws {Error} when there is none; the message names the setting.
 */
export async function requireStore(place: StorePlace): Promise<void> {
  const path = pathIn(place);
  try {
    await Deno.stat(path);
  } catch {
    throw new Error(`There is no ${path}; set GLOSSOND_STATE_DIR to the relay's state folder`);
  }
}

/**
 * Who has an account, without a change to the store.
 *
 * @throws {Error} when it cannot be read.
 */
export function readUsernames(place: StorePlace): Promise<string[]> {
  return readUsernamesOf(pathIn(place));
}

function pathIn({ stateDir }: StorePlace): string {
  return `${stateDir}/${SQLITE_FILE}`;
}
