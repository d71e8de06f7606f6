import { timingSafeEqual } from "node:crypto";
import type { Random } from "../../wire/random_secret.ts";
import type { ProfileLook, ProfileState, ProfileStore, SeenProfile } from "../profiles.ts";
import type { Engine } from "./engine.ts";
import { profileHasher } from "./rests.ts";

/** What was seen of profiles, in the relay's database; `now` in milliseconds since the epoch. */
export function profileTable(
  engine: Engine,
  { now, random }: { now: () => number; random: Random },
): ProfileStore {
  const { db } = engine;
  const next = db.prepare(
    `SELECT username FROM (
       SELECT username, max(
         iif(due_at <= ?2 + ?1, due_at, 0), iif(verified_at <= ?2, verified_at + ?1, 0)
       ) AS turn
       FROM account LEFT JOIN profile_check USING (username)
     ) WHERE turn <= ?2 ORDER BY turn LIMIT 1`,
  );
  const select = db.prepare(
    `SELECT state, since, checked_at FROM profile_check JOIN account USING (username)
     WHERE username = ? AND checked_at > verified_at`,
  );
  const selectHash = db.prepare("SELECT profile_hash FROM account WHERE username = ?");
  const put = db.prepare(
    `INSERT INTO profile_check (username, state, since, checked_at, due_at)
     SELECT username, ?2, ?3, ?4, ?5 FROM account WHERE username = ?1
     ON CONFLICT DO UPDATE SET state = ?2, since = ?3, checked_at = ?4, due_at = ?5`,
  );
  const postpone = db.prepare(
    `INSERT INTO profile_check (username, due_at)
     SELECT username, ?2 FROM account WHERE username = ?1
     ON CONFLICT DO UPDATE SET due_at = ?2`,
  );
  const hashProfile = profileHasher(db, random);

  function of(username: string): SeenProfile | undefined {
    const row = select.get(username);
    return row && {
      state: row.state as ProfileState,
      since: Number(row.since),
      checkedAt: Number(row.checked_at),
    };
  }

  function judge(username: string, kept: Uint8Array | null, look: ProfileLook): ProfileState {
    if (!look.found) return "gone";
    if (kept === null || look.profileId === undefined) return "there";
    return timingSafeEqual(kept, hashProfile(username, look.profileId)) ? "there" : "another";
  }

  return {
    next: (periodMs) =>
      engine.read(() => {
        const row = next.get(periodMs, now());
        return row && String(row.username);
      }),
    note: (username, look, dueMs) =>
      engine.write(() => {
        const account = selectHash.get(username);
        if (account === undefined) return undefined;
        const state = judge(username, account.profile_hash as Uint8Array | null, look);
        const before = of(username);
        const changed = (before?.state ?? "there") !== state;
        const at = now();
        const since = changed || before === undefined ? at : before.since;
        put.run(username, state, since, at, at + dueMs);
        return { state, changed };
      }),
    postpone: (username, dueMs) => engine.write(() => void postpone.run(username, now() + dueMs)),
    of: (username) => engine.read(() => of(username)),
  };
}
