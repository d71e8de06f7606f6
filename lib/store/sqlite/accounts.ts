import { hashSecret } from "../../wire/random_secret.ts";
import { plainText } from "../../wire/plain_text.ts";
import type { Account, AccountStore, Preferences } from "../accounts.ts";
import type { Engine } from "./engine.ts";
import { orderHider } from "./orders.ts";
import { ownerCheck } from "./tokens.ts";

/** Keeps the accounts in the relay's database; `now` in milliseconds since the epoch. */
// deno-lint-ignore lengths/function -- short functions that share the statements
export function accountTable(engine: Engine, now: () => number): AccountStore {
  const { db } = engine;
  const select = `SELECT username, created_at, verified_at, last_online_at, blocked_at,
    offline_page, last_seen, away FROM account LEFT JOIN blocked_name USING (username)`;
  const selectByToken = db.prepare(`${select} WHERE token_hash = ?`);
  const selectByUsername = db.prepare(`${select} WHERE username = ?`);
  const selectAll = db.prepare(`${select} ORDER BY username`);
  const selectHidden = db.prepare("SELECT username FROM account WHERE offline_page = 'none'");
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
  const isOwner = ownerCheck(db);
  const hideOrders = orderHider(db);
  const hidden = new Set(selectHidden.all().map(({ username }) => String(username)));

  const byToken = (token: string): Account | undefined =>
    toAccount(selectByToken.get(hashSecret(token)));

  async function setPreferences(
    token: string,
    changes: Partial<Preferences>,
  ): Promise<Account | undefined> {
    const account = await engine.write(() => {
      const account = byToken(token);
      if (account === undefined || account.blockedAt !== undefined) return account;
      const { offlinePage, lastSeen, away } = { ...account.preferences, ...changes };
      const text = away === null ? null : plainText(away);
      prefer.run(account.username, offlinePage, Number(lastSeen), text);
      return byToken(token);
    });
    if (account?.preferences.offlinePage === "none") hidden.add(account.username);
    else if (account !== undefined) hidden.delete(account.username);
    return account;
  }

  async function release(username: string, token?: string): Promise<boolean> {
    const released = await engine.write(() => {
      if (token !== undefined && !isOwner(username, token)) return false;
      hideOrders(username);
      return remove.run(username).changes === 1;
    });
    if (released) hidden.delete(username);
    return released;
  }

  return {
    byToken: (token) => engine.read(() => byToken(token)),
    byUsername: (username) => engine.read(() => toAccount(selectByUsername.get(username))),
    setPreferences,
    release,
    setBlocked: (username, blocked) =>
      engine.write(() =>
        (blocked ? block.run(username, now()) : unblock.run(username)).changes === 1
      ),
    isBlocked: (username) => engine.read(() => selectBlock.get(username) !== undefined),
    counts: () =>
      engine.read(() => {
        const row = count.get();
        return { total: Number(row?.total), blocked: Number(row?.blocked) };
      }),
    list: () =>
      engine.read(() =>
        selectAll.all().map((row) => toAccount(row)).filter((row) => row !== undefined)
      ),
    listBlocked: () =>
      engine.read(() =>
        selectBlocks.all().map((row) => ({
          username: String(row.username),
          blockedAt: Number(row.blocked_at),
        }))
      ),
    hiddenNames: () => engine.read(() => hidden),
  };
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
