import { DatabaseSync } from "node:sqlite";
import { systemRandom } from "../../lib/wire/random_secret.ts";
import { openDatabase } from "../../lib/store/sqlite/database.ts";
import { SQLITE_FILE, type SqliteOptions, storeOn } from "../../lib/store/sqlite/open.ts";
import { tokenGranter } from "../../lib/store/sqlite/tokens.ts";
import { transaction } from "../../lib/store/sqlite/transaction.ts";
import type { Store } from "../../lib/store/store.ts";

/*
 * Stores for the tests of other parts: all that these know of what is behind the interfaces.
 */

/** A store in memory. */
export interface MemoryStore {
  store: Store;
  /** What a query finds in the database that it is in. */
  rows(sql: string): Record<string, unknown>[];
}

/** Makes a {@linkcode MemoryStore}. */
export function memoryStore(options?: SqliteOptions): MemoryStore {
  const db = openDatabase(":memory:");
  return { store: storeOn(db, options), rows: (sql) => db.prepare(sql).all() };
}

/** Opens the store of a state folder. */
export function storeIn(stateDir: string, options?: SqliteOptions): Store {
  return storeOn(openDatabase(storePath(stateDir)), options);
}

/** Path of the store of a state folder. */
export function storePath(stateDir: string): string {
  return `${stateDir}/${SQLITE_FILE}`;
}

/** Another program that changes the store of a state folder, and takes its time. */
export function lockStore(stateDir: string): Disposable {
  const db = new DatabaseSync(storePath(stateDir), { timeout: 5_000 });
  db.exec("BEGIN IMMEDIATE");
  return {
    [Symbol.dispose]() {
      if (!db.isOpen) return;
      db.exec("COMMIT");
      db.close();
    },
  };
}

/** Makes the database of a store at a path. */
export function makeDatabase(path: string): void {
  openDatabase(path).close();
}

/** Makes accounts in the store of a state folder, however many, at once; their tokens. */
export function seedAccounts(stateDir: string, usernames: readonly string[]): string[] {
  const db = openDatabase(storePath(stateDir));
  try {
    const grant = tokenGranter(db, { now: Date.now, random: systemRandom });
    return transaction(db, () => usernames.map((username) => grant(username)));
  } finally {
    db.close();
  }
}
