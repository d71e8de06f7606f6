/**
 * The store in a SQLite database.
 *
 * @module
 */
import { DatabaseSync } from "node:sqlite";
import { type Random, systemRandom } from "../../wire/random_secret.ts";
import type { KeptNames } from "../kept_names.ts";
import {
  ACCOUNTS,
  BELOW_IN_USE,
  issuersFrom,
  issuersSince,
  toKeptNames,
  USER_CAA,
} from "../rows.ts";
import type { Store } from "../store.ts";
import { accountTable } from "./accounts.ts";
import { actNoter, actTable } from "./acts.ts";
import { caaTable } from "./caa.ts";
import { claimTable } from "./claims.ts";
import { openDatabase } from "./database.ts";
import { domainTable } from "./domains.ts";
import { Engine, type EngineOptions } from "./engine.ts";
import { figureTable } from "./figures.ts";
import { limitTable } from "./limits.ts";
import { nameTable } from "./names.ts";
import { onlineTimes } from "./online_times.ts";
import { orderTable } from "./orders.ts";
import { profileTable } from "./profiles.ts";
import { restKeeper, restTable } from "./rests.ts";

/** The database's name in the state folder. */
export const SQLITE_FILE = "glossond.sqlite";

/** Its name once what it holds was carried over to another engine. */
export const SQLITE_MOVED_FILE = `${SQLITE_FILE}.moved`;

/** How many claims are kept of those whose profile was read. */
const MAX_CLAIMS = 10_000;

/** How many acts are kept of users, and of all others. */
const MAX_ACTS = 10_000;

/** Options for {@linkcode storeOn}. */
export interface SqliteOptions extends EngineOptions {
  /** Clock in milliseconds since the epoch. @default {Date.now} */
  now?: () => number;
  /** @default {crypto.getRandomValues} */
  random?: Random;
  /** How many claims are kept of those whose profile was read. @default {10_000} */
  maxClaims?: number;
  /** How many acts are kept of users, and of all others. @default {10_000} */
  maxActs?: number;
}

/**
 * Opens (and makes or migrates) a store in a database; the caller closes it.
 *
 * @throws {Error} when it cannot be used; the message names the path and the fix.
 */
export function openSqlite(path: string, options?: SqliteOptions): Promise<Store> {
  return Promise.try(() => storeOn(openDatabase(path), options));
}

/** The store in a database, which it closes. */
export function storeOn(db: DatabaseSync, options: SqliteOptions = {}): Store {
  const { now = Date.now, random = systemRandom, maxClaims = MAX_CLAIMS, maxActs = MAX_ACTS } =
    options;
  const engine = new Engine(db, options);
  const noteAct = actNoter(db, { now, maxActs });
  const resting = restKeeper(db, now);
  const domains = domainTable(engine, now);
  return {
    accounts: accountTable(engine, { now, noteAct, resting, onReleased: domains.forget }),
    acts: actTable(engine, noteAct),
    caa: caaTable(engine, now),
    claims: claimTable(engine, { maxClaims, now, random, resting }),
    domains,
    figures: figureTable(engine),
    limits: limitTable(engine, noteAct),
    orders: orderTable(engine),
    profiles: profileTable(engine, { now, random }),
    rests: restTable(engine, { now, noteAct, resting }),
    onlineTimes: onlineTimes(engine, now),
    names: nameTable(engine),
    close: () => engine.close(),
  };
}

/**
 * Whether anybody has an account, without a change to the database, however old it is.
 *
 * @throws {Error} when it cannot be read.
 */
export function hasAccounts(path: string): Promise<boolean> {
  return Promise.try(() => {
    using db = new DatabaseSync(path, { readOnly: true });
    return db.prepare("SELECT 1 FROM account LIMIT 1").get() !== undefined;
  });
}

/**
 * What is kept of users' names, without a change to the database.
 *
 * @throws {Error} when it cannot be read.
 */
export function readNamesOf(path: string): Promise<KeptNames> {
  return Promise.try(() => {
    using db = new DatabaseSync(path, { readOnly: true });
    // One that no relay of this version has opened yet has no such tables.
    const hasCaa = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'user_caa'").get();
    return toKeptNames({
      accounts: db.prepare(ACCOUNTS).all(),
      below: db.prepare(BELOW_IN_USE).all(),
      caa: hasCaa ? db.prepare(USER_CAA).all() : [],
      issuers: hasCaa ? db.prepare(issuersSince("?")).all(issuersFrom(Date.now())) : [],
    });
  });
}
