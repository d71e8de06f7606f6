/**
 * The store in a PostgreSQL database.
 *
 * @module
 */
import { type Random, systemRandom } from "../../wire/random_secret.ts";
import type { Store } from "../store.ts";
import { accountTable } from "./accounts.ts";
import { actNoter, actTable } from "./acts.ts";
import { caaTable } from "./caa.ts";
import type { PostgresPlace } from "./client_config.ts";
import { claimTable } from "./claims.ts";
import { domainTable } from "./domains.ts";
import { PostgresEngine, type PostgresEngineOptions } from "./engine.ts";
import { figureTable } from "./figures.ts";
import { KnownAccounts } from "./known_accounts.ts";
import { limitTable } from "./limits.ts";
import { migrateSchema } from "./migrate.ts";
import { nameTable } from "./names.ts";
import { onlineTimes } from "./online_times.ts";
import { orderTable } from "./orders.ts";
import { PrimaryWatch } from "./primary.ts";
import { profileTable } from "./profiles.ts";
import { profileHasher } from "./relay_key.ts";
import { restTable } from "./rests.ts";
import { sharedClock } from "./shared_clock.ts";

/** How many claims are kept of those whose profile was read. */
const MAX_CLAIMS = 10_000;

/** How many acts are kept of users, and of all others. */
const MAX_ACTS = 10_000;

/** Options for {@linkcode openPostgres}. */
export interface PostgresOptions extends PostgresEngineOptions {
  /** Clock in milliseconds since the epoch. @default {Date.now}, and the database's for what relays share */
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
 * @throws {Error} when it cannot be used; the message names it and the fix.
 */
export async function openPostgres(
  place: PostgresPlace,
  options: PostgresOptions = {},
): Promise<Store> {
  const engine = new PostgresEngine(place, options);
  const known = new KnownAccounts(engine);
  const watch = new PrimaryWatch(place);
  const close = async (): Promise<void> => {
    await Promise.all([engine.close(), watch.close()]);
    await known.close();
  };
  try {
    await watch.start();
    await migrateSchema(engine);
    await known.start();
  } catch (error) {
    await close();
    throw error;
  }
  return { ...storeOn(engine, known, options), close };
}

function storeOn(
  engine: PostgresEngine,
  known: KnownAccounts,
  options: PostgresOptions,
): Omit<Store, "close"> {
  const { now = Date.now, random = systemRandom, maxClaims = MAX_CLAIMS, maxActs = MAX_ACTS } =
    options;
  const noteAct = actNoter({ now, maxActs });
  const hashProfile = profileHasher(random);
  const clock = sharedClock(options.now);
  return {
    accounts: accountTable(engine, { now, noteAct, known }),
    acts: actTable(engine, noteAct),
    caa: caaTable(engine, now),
    claims: claimTable(engine, { maxClaims, now, clock, random, hashProfile, known }),
    domains: domainTable(engine, { clock, known }),
    figures: figureTable(engine),
    limits: limitTable(engine, { noteAct, known }),
    orders: orderTable(engine),
    profiles: profileTable(engine, { clock, hashProfile }),
    rests: restTable(engine, { now, noteAct }),
    onlineTimes: onlineTimes(engine, now),
    names: nameTable(engine),
  };
}
