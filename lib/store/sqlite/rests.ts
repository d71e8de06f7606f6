import { createHmac, timingSafeEqual } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import type { Random } from "../../wire/random_secret.ts";
import type { RestStore } from "../rests.ts";
import { toRest } from "../rows.ts";
import type { NoteAct } from "./acts.ts";
import type { Engine } from "./engine.ts";
import { relayKey } from "./relay_key.ts";

/**
 * Makes what hashes the id of a name's profile, by a key of the relay's and the name, so that ids of one
 * community are not to be guessed from what is kept. To be called within a transaction.
 */
export function profileHasher(
  db: DatabaseSync,
  random: Random,
): (username: string, profileId: string) => Uint8Array {
  const key = relayKey(db, "profile", random);
  return (username, profileId) =>
    createHmac("sha256", key.read() ?? key.make()).update(`${username}\0${profileId}`).digest();
}

/** What releases and grants do about rests; to be called within a transaction. */
export interface Resting {
  /** Begins the rest of a name whose account is about to be removed; none where `restMs` is 0. */
  begin(username: string, restMs: number): void;
  /** Until when a name rests for whoever has proved a profile with this hash; undefined: not at all. */
  until(username: string, profileHash: Uint8Array | null): number | undefined;
  /** The name has an account again. */
  forget(username: string): boolean;
}

/** Makes {@linkcode Resting}; `now` in milliseconds since the epoch. */
export function restKeeper(db: DatabaseSync, now: () => number): Resting {
  const insert = db.prepare(
    `INSERT OR REPLACE INTO resting_name (username, released_at, rests_until, profile_hash)
     SELECT username, ?2, ?3, profile_hash FROM account WHERE username = ?1`,
  );
  const prune = db.prepare("DELETE FROM resting_name WHERE rests_until <= ?");
  const remove = db.prepare("DELETE FROM resting_name WHERE username = ?");
  const select = db.prepare("SELECT * FROM resting_name WHERE username = ? AND rests_until > ?");
  return {
    begin(username, restMs) {
      prune.run(now());
      if (restMs > 0) insert.run(username, now(), now() + restMs);
    },
    until(username, profileHash) {
      const row = select.get(username, now());
      if (row === undefined) return undefined;
      const kept = row.profile_hash as Uint8Array | null;
      // The name is all that was known of it.
      if (kept === null) return undefined;
      const isSame = profileHash !== null && timingSafeEqual(kept, profileHash);
      return isSame ? undefined : Number(row.rests_until);
    },
    forget: (username) => remove.run(username).changes === 1,
  };
}

/** The rests in the relay's database. */
export function restTable(
  engine: Engine,
  { now, resting, noteAct }: { now: () => number; resting: Resting; noteAct: NoteAct },
): RestStore {
  const { db } = engine;
  const select = db.prepare("SELECT * FROM resting_name WHERE username = ? AND rests_until > ?");
  const all = db.prepare("SELECT * FROM resting_name WHERE rests_until > ? ORDER BY username");
  return {
    of: (username) =>
      engine.read(() => {
        const row = select.get(username, now());
        return row && toRest(row);
      }),
    list: () => engine.read(() => all.all(now()).map(toRest)),
    end: (username, trace) =>
      engine.write(() => {
        if (!resting.forget(username)) return false;
        noteAct({ act: "end-rest", username, ...trace });
        return true;
      }),
  };
}
