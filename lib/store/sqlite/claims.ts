import { timingSafeEqual } from "node:crypto";
import type { Random } from "../../wire/random_secret.ts";
import type { ClaimStore, Grant, ProvenClaim } from "../claims.ts";
import type { Engine } from "./engine.ts";
import { relayKey } from "./relay_key.ts";
import { profileHasher, type Resting } from "./rests.ts";
import { tokenGranter } from "./tokens.ts";

/** Options for {@linkcode claimTable}. */
export interface ClaimTableOptions {
  /**
   * Claims that are kept. Beyond, the one that was not used and expires first is forgotten: it may be
   * checked anew, which harms nobody; a used one never is before its time.
   */
  maxClaims: number;
  /** Clock in milliseconds since the epoch. */
  now: () => number;
  random: Random;
  resting: Resting;
}

/** Keeps the claims in the relay's database. */
export function claimTable(engine: Engine, options: ClaimTableOptions): ClaimStore {
  const { maxClaims, now, random, resting } = options;
  const { db } = engine;
  const select = db.prepare("SELECT verifications, used FROM claim_check WHERE claim_hash = ?");
  const forget = db.prepare("DELETE FROM claim_check WHERE expires_at <= ?");
  const total = db.prepare("SELECT count(*) AS claims FROM claim_check");
  const forgetFirst = db.prepare(
    `DELETE FROM claim_check WHERE claim_hash =
       (SELECT claim_hash FROM claim_check WHERE NOT used ORDER BY expires_at LIMIT 1)`,
  );
  const count = db.prepare(
    `INSERT INTO claim_check (claim_hash, expires_at, verifications, used) VALUES (?, ?, 1, 0)
     ON CONFLICT DO UPDATE SET verifications = verifications + 1`,
  );
  const use = db.prepare(
    `INSERT INTO claim_check (claim_hash, expires_at, verifications, used) VALUES (?, ?, 1, 1)
     ON CONFLICT DO UPDATE SET used = 1 WHERE NOT used`,
  );
  const selectAccount = db.prepare("SELECT profile_hash FROM account WHERE username = ?");
  const selectBlock = db.prepare("SELECT reason FROM blocked_name WHERE username = ?");
  const forgetCaa = db.prepare("DELETE FROM user_caa WHERE username = ?");
  const key = relayKey(db, "claim", random);
  const hashProfile = profileHasher(db, random);
  const grantToken = tokenGranter(db, options);

  function makeRoom(): void {
    forget.run(now());
    if (Number(total.get()?.claims) >= maxClaims) forgetFirst.run();
  }

  function grant({ hash, expiresAt, username, mayBeNew, profileId }: ProvenClaim): Grant {
    const block = selectBlock.get(username);
    if (block !== undefined) {
      return { state: "blocked", ...(block.reason !== null && { reason: String(block.reason) }) };
    }
    const account = selectAccount.get(username);
    const replaced = account !== undefined;
    if (!replaced && !mayBeNew) return { state: "not-new" };
    const profile = profileId === undefined ? null : hashProfile(username, profileId);
    const until = resting.until(username, profile);
    if (until !== undefined) return { state: "resting", until };
    makeRoom();
    if (use.run(hash, expiresAt).changes === 0) return { state: "used" };
    resting.forget(username);
    const before = account?.profile_hash as Uint8Array | null | undefined;
    const byAnother = before != null && profile !== null && !timingSafeEqual(before, profile);
    // Theirs would go on to be the only account that may order.
    if (byAnother) forgetCaa.run(username);
    return { state: "granted", token: grantToken(username, profile), replaced, byAnother };
  }

  return {
    // Only the first start writes: a command that holds the lock at another is no hindrance.
    key: async () => await engine.read(key.read) ?? await engine.write(key.make),
    now: () => Promise.resolve(now()),
    get: (hash) =>
      engine.read(() => {
        const row = select.get(hash);
        return { verifications: Number(row?.verifications ?? 0), used: row?.used === 1 };
      }),
    count: (hash, expiresAt) =>
      engine.write(() => {
        makeRoom();
        count.run(hash, expiresAt);
      }),
    grant: (claim) => engine.write(() => grant(claim)),
  };
}
