import { timingSafeEqual } from "node:crypto";
import { toRest } from "../rows.ts";
import type { RestStore } from "../rests.ts";
import type { NoteAct } from "./acts.ts";
import type { Ask, PostgresEngine } from "./engine.ts";
import { lockName } from "./names_lock.ts";

/*
 * What releases and grants do about rests, within a transaction that has the name's lock; times in
 * milliseconds since the epoch.
 */

/** Begins the rest of a name whose account is about to be removed; none where `restMs` is 0. */
export async function beginRest(
  ask: Ask,
  username: string,
  now: number,
  restMs: number,
): Promise<void> {
  await ask(
    `DELETE FROM resting_name WHERE username IN (
       SELECT username FROM resting_name WHERE rests_until <= $1 FOR UPDATE SKIP LOCKED
     )`,
    [now],
  );
  if (restMs <= 0) return;
  await ask(
    `INSERT INTO resting_name (username, released_at, rests_until, profile_hash)
     SELECT username, $2, $3, profile_hash FROM account WHERE username = $1
     ON CONFLICT (username) DO UPDATE SET released_at = excluded.released_at,
       rests_until = excluded.rests_until, profile_hash = excluded.profile_hash`,
    [username, now, now + restMs],
  );
}

/** Until when a name rests for whoever has proved a profile with this hash; undefined: not at all. */
export async function restsUntil(
  ask: Ask,
  username: string,
  now: number,
  profileHash: Uint8Array | null,
): Promise<number | undefined> {
  const { rows: [row] } = await ask<{ rests_until: number; profile_hash: Uint8Array | null }>(
    "SELECT rests_until, profile_hash FROM resting_name WHERE username = $1 AND rests_until > $2",
    [username, now],
  );
  // Where no profile is known the name is all that was known of it.
  if (row === undefined || row.profile_hash === null) return undefined;
  const isSame = profileHash !== null && timingSafeEqual(row.profile_hash, profileHash);
  return isSame ? undefined : row.rests_until;
}

/** The name has an account again, or may; whether it rested. */
export async function forgetRest(ask: Ask, username: string): Promise<boolean> {
  return (await ask("DELETE FROM resting_name WHERE username = $1", [username])).count === 1;
}

/** The rests in the database. */
export function restTable(
  engine: PostgresEngine,
  { now, noteAct }: { now: () => number; noteAct: NoteAct },
): RestStore {
  const list = (username?: string) =>
    engine.read(async (ask) => {
      const { rows } = await ask(
        `SELECT * FROM resting_name WHERE rests_until > $1 AND ($2::text IS NULL OR username = $2)
         ORDER BY username`,
        [now(), username],
      );
      return rows.map(toRest);
    });
  return {
    of: async (username) => (await list(username))[0],
    list: () => list(),
    end: (username, trace) =>
      engine.write(async (ask) => {
        await lockName(ask, username);
        if (!await forgetRest(ask, username)) return false;
        await noteAct(ask, { act: "end-rest", username, ...trace });
        return true;
      }),
  };
}
