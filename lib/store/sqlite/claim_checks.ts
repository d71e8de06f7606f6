import type { DatabaseSync } from "node:sqlite";
import type { ClaimChecks } from "../claim_checks.ts";

/** Options for {@linkcode createClaimChecks}. */
export interface ClaimChecksOptions {
  /**
   * Claims that are kept. Beyond, the one that was not used and expires first is forgotten: it may be
   * checked anew, which harms nobody; a used one never is before its time.
   */
  maxClaims: number;
  /** Clock in milliseconds since the epoch. */
  now: () => number;
}

/** Keeps them in the relay's database. */
export function createClaimChecks(
  db: DatabaseSync,
  { maxClaims, now }: ClaimChecksOptions,
): ClaimChecks {
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

  function makeRoom(): void {
    forget.run(now());
    if (Number(total.get()?.claims) >= maxClaims) forgetFirst.run();
  }

  return {
    get(hash) {
      const row = select.get(hash);
      return { verifications: Number(row?.verifications ?? 0), used: row?.used === 1 };
    },
    count(hash, expiresAt) {
      makeRoom();
      count.run(hash, expiresAt);
    },
    use(hash, expiresAt) {
      makeRoom();
      return Number(use.run(hash, expiresAt).changes) === 1;
    },
  };
}
