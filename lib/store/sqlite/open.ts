import { DatabaseSync } from "node:sqlite";
import { type Random, systemRandom } from "../../wire/random_secret.ts";
import type { Store } from "../store.ts";
import { createAccountStore } from "./accounts.ts";
import { createClaimChecks } from "./claim_checks.ts";
import { openDatabase, write } from "./database.ts";
import { nameTable } from "./names.ts";
import { orderTable } from "./orders.ts";
import { claimKey } from "./relay_key.ts";

/** The database's name in the state folder. */
const FILE = "glossond.sqlite";

/** How many claims are kept of those whose profile was read. */
const MAX_CLAIMS = 10_000;

/** Options for {@linkcode openStore}. */
export interface StoreOptions {
  /** Clock in milliseconds since the epoch. @default {Date.now} */
  now?: () => number;
  /** @default {crypto.getRandomValues} */
  random?: Random;
  /** How many claims are kept of those whose profile was read. @default {10_000} */
  maxClaims?: number;
}

/** Path of the store in a state folder. */
export function storePath(stateDir: string): string {
  return `${stateDir}/${FILE}`;
}

/**
 * Opens (and makes or migrates) a store; the caller closes it.
 *
 * @param path {@linkcode storePath}, or `:memory:`.
 * @throws {Error} when it cannot be used; the message names the path and the mend.
 */
export function openStore(path: string, options: StoreOptions = {}): Store {
  return storeOn(openDatabase(path), options);
}

/** The store in a database, which it closes. */
export function storeOn(db: DatabaseSync, options: StoreOptions = {}): Store {
  const { now = Date.now, random = systemRandom, maxClaims = MAX_CLAIMS } = options;
  return {
    accounts: createAccountStore(db, { now, random }),
    claimChecks: createClaimChecks(db, { maxClaims, now }),
    orders: orderTable(db),
    names: nameTable(db),
    claimKey: () => claimKey(db, random),
    write: (work, options) => write(db, work, options),
    close: () => db.close(),
  };
}

/**
 * Who has an account, without a change to the store.
 *
 * @throws {Error} when it cannot be read.
 */
export function readUsernames(stateDir: string): string[] {
  const db = new DatabaseSync(storePath(stateDir), { readOnly: true });
  try {
    return db.prepare("SELECT username FROM account ORDER BY username").all()
      .map(({ username }) => String(username));
  } finally {
    db.close();
  }
}
