import { timingSafeEqual } from "node:crypto";
import type { ProfileLook, ProfileState, ProfileStore, SeenProfile } from "../profiles.ts";
import type { Ask, PostgresEngine } from "./engine.ts";
import { lockName } from "./names_lock.ts";
import type { HashProfile } from "./relay_key.ts";
import type { SharedClock } from "./shared_clock.ts";

/** What was seen of profiles, in the database. */
export function profileTable(
  engine: PostgresEngine,
  { clock, hashProfile }: { clock: SharedClock; hashProfile: HashProfile },
): ProfileStore {
  async function judge(
    ask: Ask,
    username: string,
    kept: Uint8Array | null,
    look: ProfileLook,
  ): Promise<ProfileState> {
    if (!look.found) return "gone";
    if (kept === null || look.profileId === undefined) return "there";
    const seen = await hashProfile(ask, username, look.profileId);
    return timingSafeEqual(kept, seen) ? "there" : "another";
  }

  return {
    next: (periodMs) =>
      engine.read(async (ask) => {
        const { rows: [row] } = await ask<{ username: string }>(
          `SELECT username FROM (
             SELECT username, greatest(
               CASE WHEN due_at - $1 <= $2 THEN due_at END,
               CASE WHEN verified_at <= $2 THEN verified_at + $1 ELSE 0 END
             ) AS turn
             FROM account LEFT JOIN profile_check USING (username)
           ) AS account WHERE turn <= $2 ORDER BY turn LIMIT 1`,
          [periodMs, await clock(ask)],
        );
        return row?.username;
      }),
    note: (username, look, dueMs) =>
      engine.write(async (ask) => {
        await lockName(ask, username);
        const { rows: [account] } = await ask<{ profile_hash: Uint8Array | null }>(
          "SELECT profile_hash FROM account WHERE username = $1",
          [username],
        );
        if (account === undefined) return undefined;
        const state = await judge(ask, username, account.profile_hash, look);
        const before = await seenProfile(ask, username);
        const changed = (before?.state ?? "there") !== state;
        const at = await clock(ask);
        const since = changed || before === undefined ? at : before.since;
        await ask(
          `INSERT INTO profile_check (username, state, since, checked_at, due_at)
           VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (username) DO UPDATE SET state = $2, since = $3, checked_at = $4, due_at = $5`,
          [username, state, since, at, at + dueMs],
        );
        return { state, changed };
      }),
    postpone: (username, dueMs) =>
      engine.write(async (ask) => {
        await ask(
          `INSERT INTO profile_check (username, due_at)
           SELECT username, $2 FROM account WHERE username = $1
           ON CONFLICT (username) DO UPDATE SET due_at = $2`,
          [username, await clock(ask) + dueMs],
        );
      }),
    of: (username) => engine.read((ask) => seenProfile(ask, username)),
  };
}

async function seenProfile(ask: Ask, username: string): Promise<SeenProfile | undefined> {
  const { rows: [row] } = await ask<{ state: ProfileState; since: number; checked_at: number }>(
    `SELECT state, since, checked_at FROM profile_check JOIN account USING (username)
     WHERE username = $1 AND checked_at > verified_at`,
    [username],
  );
  return row && { state: row.state, since: row.since, checkedAt: row.checked_at };
}
