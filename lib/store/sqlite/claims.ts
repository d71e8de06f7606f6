import type { Random } from "../../wire/random_secret.ts";
import type { ClaimStore, Grant, ProvenClaim } from "../claims.ts";
import type { Engine } from "./engine.ts";
import { tokenGranter } from "./tokens.ts";

/** Bytes of a key: as many as SHA-256 has. */
const KEY_BYTES = 32;

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
}

/** Keeps the claims in the relay's database. */
export function claimTable(engine: Engine, options: ClaimTableOptions): ClaimStore {
  const { maxClaims, now, random } = options;
  const { db } = engine;
  const selectKey = db.prepare("SELECT key FROM relay_key WHERE name = 'claim'");
  const insertKey = db.prepare(
    "INSERT INTO relay_key (name, key) VALUES ('claim', ?) ON CONFLICT DO NOTHING",
  );
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
  const selectAccount = db.prepare("SELECT 1 FROM account WHERE username = ?");
  const selectBlock = db.prepare("SELECT reason FROM blocked_name WHERE username = ?");
  const grantToken = tokenGranter(db, options);

  const readKey = (): Uint8Array | undefined => selectKey.get()?.key as Uint8Array | undefined;

  function makeKey(): Uint8Array {
    const key = new Uint8Array(KEY_BYTES);
    random(key);
    insertKey.run(key);
    return readKey()!;
  }

  function makeRoom(): void {
    forget.run(now());
    if (Number(total.get()?.claims) >= maxClaims) forgetFirst.run();
  }

  function grant({ hash, expiresAt, username, mayBeNew }: ProvenClaim): Grant {
    const block = selectBlock.get(username);
    if (block !== undefined) {
      return { state: "blocked", ...(block.reason !== null && { reason: String(block.reason) }) };
    }
    const replaced = selectAccount.get(username) !== undefined;
    if (!replaced && !mayBeNew) return { state: "not-new" };
    makeRoom();
    if (use.run(hash, expiresAt).changes === 0) return { state: "used" };
    return { state: "granted", token: grantToken(username), replaced };
  }

  return {
    // Only the first start writes: a command that holds the lock at another is no hindrance.
    key: async () => await engine.read(readKey) ?? await engine.write(makeKey),
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
