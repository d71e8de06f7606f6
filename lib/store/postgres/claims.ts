import { timingSafeEqual } from "node:crypto";
import { hashSecret, newSecret, type Random } from "../../wire/random_secret.ts";
import type { ClaimStore, Grant, ProvenClaim } from "../claims.ts";
import type { Ask, PostgresEngine } from "./engine.ts";
import type { KnownAccounts, Tell } from "./known_accounts.ts";
import { lockName } from "./names_lock.ts";
import { type HashProfile, makeKey, readKey } from "./relay_key.ts";
import { forgetRest, restsUntil } from "./rests.ts";
import type { SharedClock } from "./shared_clock.ts";

/** Options for {@linkcode claimTable}. */
export interface ClaimTableOptions {
  /**
   * Claims that are kept. Beyond, the one that was not used and expires first is forgotten: it may be
   * checked anew, which harms nobody; a used one never is before its time.
   */
  maxClaims: number;
  /** This relay's clock in milliseconds since the epoch, for what rests. */
  now: () => number;
  clock: SharedClock;
  random: Random;
  hashProfile: HashProfile;
  known: KnownAccounts;
}

/** Keeps the claims in the database. */
export function claimTable(engine: PostgresEngine, options: ClaimTableOptions): ClaimStore {
  return {
    key: async () =>
      await engine.read((ask) => readKey(ask, "claim")) ??
        await engine.write((ask) => makeKey(ask, "claim", options.random)),
    now: () => engine.read(options.clock),
    get: (hash) =>
      engine.read(async (ask) => {
        const { rows: [row] } = await ask<{ verifications: number; used: number }>(
          "SELECT verifications, used FROM claim_check WHERE claim_hash = $1",
          [hash],
        );
        return { verifications: row?.verifications ?? 0, used: row?.used === 1 };
      }),
    count: (hash, expiresAt) =>
      engine.write(async (ask) => {
        await makeRoom(ask, options);
        await ask(
          `INSERT INTO claim_check AS old (claim_hash, expires_at, verifications, used)
           VALUES ($1, $2, 1, 0)
           ON CONFLICT (claim_hash) DO UPDATE SET verifications = old.verifications + 1`,
          [hash, expiresAt],
        );
      }),
    grant: (claim) => options.known.change((ask, tell) => grant(ask, tell, claim, options)),
  };
}

/** Forgets what has expired; what another relay is forgetting at this moment it forgets. */
async function makeRoom(ask: Ask, options: ClaimTableOptions): Promise<void> {
  const forget = (which: string, value: number): Promise<unknown> =>
    ask(
      `DELETE FROM claim_check WHERE claim_hash IN (
         SELECT claim_hash FROM claim_check ${which} FOR UPDATE SKIP LOCKED
       )`,
      [value],
    );
  await forget("WHERE expires_at <= $1", await options.clock(ask));
  const { rows: [row] } = await ask<{ claims: number }>(
    "SELECT count(*) AS claims FROM claim_check",
  );
  if (row!.claims >= options.maxClaims) {
    await forget("WHERE used = 0 ORDER BY expires_at LIMIT $1", 1);
  }
}

/** The name's lock makes what is read the last word: of two claims at once the later finds the account. */
async function grant(
  ask: Ask,
  tell: Tell,
  { hash, expiresAt, username, mayBeNew, profileId }: ProvenClaim,
  options: ClaimTableOptions,
): Promise<Grant> {
  const { now, clock, random, hashProfile } = options;
  await lockName(ask, username);
  const { rows: [block] } = await ask<{ reason: string | null }>(
    "SELECT reason FROM blocked_name WHERE username = $1",
    [username],
  );
  if (block !== undefined) {
    return { state: "blocked", ...(block.reason !== null && { reason: block.reason }) };
  }
  const { rows: [account] } = await ask<{ profile_hash: Uint8Array | null }>(
    "SELECT profile_hash FROM account WHERE username = $1",
    [username],
  );
  const replaced = account !== undefined;
  if (!replaced && !mayBeNew) return { state: "not-new" };
  const profile = profileId === undefined ? null : await hashProfile(ask, username, profileId);
  const until = await restsUntil(ask, username, now(), profile);
  if (until !== undefined) return { state: "resting", until };
  await makeRoom(ask, options);
  const { count } = await ask(
    `INSERT INTO claim_check AS old (claim_hash, expires_at, verifications, used)
     VALUES ($1, $2, 1, 1)
     ON CONFLICT (claim_hash) DO UPDATE SET used = 1 WHERE old.used = 0`,
    [hash, expiresAt],
  );
  if (count === 0) return { state: "used" };
  await forgetRest(ask, username);
  const before = account?.profile_hash;
  const byAnother = before != null && profile !== null && !timingSafeEqual(before, profile);
  const token = newSecret(random);
  await ask(
    `INSERT INTO account (username, token_hash, created_at, verified_at, profile_hash)
     VALUES ($1, $2, $3, $3, $4)
     ON CONFLICT (username) DO UPDATE SET token_hash = $2, verified_at = $3, profile_hash = $4`,
    [username, hashSecret(token), await clock(ask), profile],
  );
  // Theirs would go on to be the only account that may order.
  if (byAnother) await ask("DELETE FROM user_caa WHERE username = $1", [username]);
  if (replaced) tell(username, "cut-off");
  else tell(username);
  return { state: "granted", token, replaced, byAnother };
}
