import type { DatabaseSync } from "node:sqlite";
import { write } from "./database.ts";
import { plainText } from "../../wire/plain_text.ts";
import type { Account, AccountStore, Attendance, Preferences, Seen } from "../accounts.ts";
import { hashSecret, newSecret, type Random, systemRandom } from "../../wire/random_secret.ts";

/** Options for {@linkcode createAccountStore}. */
export interface AccountStoreOptions {
  /** Clock in milliseconds since the epoch. @default {Date.now} */
  now?: () => number;
  /** @default {crypto.getRandomValues} */
  random?: Random;
}

/** Keeps the accounts in the relay's database, which the caller opens and closes. */
export function createAccountStore(
  db: DatabaseSync,
  options: AccountStoreOptions = {},
): AccountStore {
  const { now = Date.now, random = systemRandom } = options;
  const select = `SELECT username, created_at, verified_at, last_online_at, blocked_at,
    offline_page, last_seen, away FROM account LEFT JOIN blocked_name USING (username)`;
  const selectByToken = db.prepare(`${select} WHERE token_hash = ?`);
  const selectByUsername = db.prepare(`${select} WHERE username = ?`);
  const selectAll = db.prepare(`${select} ORDER BY username`);
  const upsert = db.prepare(
    `INSERT INTO account (username, token_hash, created_at, verified_at) VALUES (?1, ?2, ?3, ?3)
     ON CONFLICT (username) DO UPDATE SET token_hash = ?2, verified_at = ?3`,
  );
  const prefer = db.prepare(
    "UPDATE account SET offline_page = ?2, last_seen = ?3, away = ?4 WHERE username = ?1",
  );
  const remove = db.prepare("DELETE FROM account WHERE username = ?");
  const block = db.prepare(
    "INSERT INTO blocked_name (username, blocked_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
  );
  const unblock = db.prepare("DELETE FROM blocked_name WHERE username = ?");
  const selectBlock = db.prepare("SELECT 1 FROM blocked_name WHERE username = ?");
  const selectBlocks = db.prepare("SELECT * FROM blocked_name ORDER BY username");
  const count = db.prepare(
    `SELECT (SELECT count(*) FROM account) AS total,
       (SELECT count(*) FROM blocked_name) AS blocked`,
  );
  const see = db.prepare(
    `UPDATE account SET last_online_at = max(coalesce(last_online_at, ?2), ?2) WHERE username = ?1`,
  );
  const attend = db.prepare("UPDATE account SET left_at = ?2 WHERE username = ?1");
  const selectAwaited = db.prepare(
    `SELECT username, left_at FROM account LEFT JOIN blocked_name USING (username)
     WHERE blocked_at IS NULL AND (left_at = 0 OR left_at BETWEEN ?1 AND ?2)
     ORDER BY left_at = 0, left_at`,
  );

  function grantToken(username: string): string {
    const token = newSecret(random);
    upsert.run(username, hashSecret(token), now());
    return token;
  }

  function setPreferences(username: string, changes: Partial<Preferences>): Promise<void> {
    return write(db, () => {
      const account = toAccount(selectByUsername.get(username));
      if (account === undefined) return;
      const { offlinePage, lastSeen, away } = { ...account.preferences, ...changes };
      prefer.run(username, offlinePage, Number(lastSeen), away === null ? null : plainText(away));
    });
  }

  function markSeen(seen: ReadonlyMap<string, Seen>): Promise<void> {
    return write(db, () =>
      seen.forEach(({ at, attendance }, username) => {
        if (at !== undefined) see.run(username, at);
        if (attendance !== undefined) attend.run(username, leftAt(attendance, at ?? now()));
      }));
  }

  return {
    byToken: (token) => toAccount(selectByToken.get(hashSecret(token))),
    byUsername: (username) => toAccount(selectByUsername.get(username)),
    grantToken,
    setPreferences,
    release: (username, also = () => {}) =>
      write(db, () => {
        also();
        return Number(remove.run(username).changes) === 1;
      }),
    setBlocked: (username, blocked) =>
      write(db, () => {
        if (blocked) block.run(username, now());
        else unblock.run(username);
      }),
    isBlocked: (username) => selectBlock.get(username) !== undefined,
    markSeen,
    listAwaited: (recentMs) =>
      selectAwaited.all(now() - recentMs, now()).map((row) => ({
        username: String(row.username),
        ...(row.left_at !== 0 && { awayMs: now() - Number(row.left_at) }),
      })),
    counts() {
      const row = count.get();
      return { total: Number(row?.total), blocked: Number(row?.blocked) };
    },
    list: () => selectAll.all().map((row) => toAccount(row)).filter((row) => row !== undefined),
    listBlocked: () =>
      selectBlocks.all().map((row) => ({
        username: String(row.username),
        blockedAt: Number(row.blocked_at),
      })),
  };
}

/** What the column `left_at` holds. */
function leftAt(attendance: Attendance, now: number): number | null {
  if (attendance === "gone") return null;
  return attendance === "online" ? 0 : now;
}

function toAccount(row: Record<string, unknown> | undefined): Account | undefined {
  if (row === undefined) return undefined;
  const account: Account = {
    username: String(row.username),
    createdAt: Number(row.created_at),
    verifiedAt: Number(row.verified_at),
    preferences: {
      offlinePage: row.offline_page as Preferences["offlinePage"],
      lastSeen: row.last_seen !== 0,
      away: row.away === null ? null : String(row.away),
    },
  };
  if (row.last_online_at !== null) account.lastOnlineAt = Number(row.last_online_at);
  if (row.blocked_at !== null) account.blockedAt = Number(row.blocked_at);
  return account;
}
