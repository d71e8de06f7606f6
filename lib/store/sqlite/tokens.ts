import type { DatabaseSync } from "node:sqlite";
import { hashSecret, newSecret, type Random } from "../../wire/random_secret.ts";

/** Makes what tells whether a token is that of a name's account. */
export function ownerCheck(db: DatabaseSync): (username: string, token: string) => boolean {
  const select = db.prepare("SELECT 1 FROM account WHERE username = ? AND token_hash = ?");
  return (username, token) => select.get(username, hashSecret(token)) !== undefined;
}

/** Makes what finds the user of a token, who is not blocked. */
export function actorReader(db: DatabaseSync): (token: string) => string | undefined {
  const select = db.prepare(
    `SELECT username FROM account WHERE token_hash = ?
       AND username NOT IN (SELECT username FROM blocked_name)`,
  );
  return (token) => {
    const row = select.get(hashSecret(token));
    return row && String(row.username);
  };
}

/**
 * Makes what creates an account, or replaces its token, and returns the token: only its hash is kept,
 * and that of the profile which proved the name, where it is told.
 * To be called within a transaction.
 */
export function tokenGranter(
  db: DatabaseSync,
  { now, random }: { now: () => number; random: Random },
): (username: string, profileHash?: Uint8Array | null) => string {
  const upsert = db.prepare(
    `INSERT INTO account (username, token_hash, created_at, verified_at, profile_hash)
     VALUES (?1, ?2, ?3, ?3, ?4)
     ON CONFLICT (username) DO UPDATE SET token_hash = ?2, verified_at = ?3, profile_hash = ?4`,
  );
  return (username, profileHash = null) => {
    const token = newSecret(random);
    upsert.run(username, hashSecret(token), now(), profileHash);
    return token;
  };
}
