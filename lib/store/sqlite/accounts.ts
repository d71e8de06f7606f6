import { hashSecret } from "../../wire/random_secret.ts";
import { plainText } from "../../wire/plain_text.ts";
import type { Account, AccountStore, Preferences, ReleaseOptions } from "../accounts.ts";
import type { Trace } from "../acts.ts";
import { toAccount, toBlockedName } from "../rows.ts";
import type { NoteAct } from "./acts.ts";
import type { Engine } from "./engine.ts";
import { orderHider } from "./orders.ts";
import type { Resting } from "./rests.ts";
import { ownerCheck } from "./tokens.ts";

/** Options for {@linkcode accountTable}. */
export interface AccountTableOptions {
  /** Clock in milliseconds since the epoch. */
  now: () => number;
  noteAct: NoteAct;
  resting: Resting;
  /** Told whose account is gone, for what is kept in memory of it. */
  onReleased: (username: string) => void;
}

/** Keeps the accounts in the relay's database. */
// deno-lint-ignore lengths/function -- short functions that share the statements
export function accountTable(
  engine: Engine,
  { now, noteAct, resting, onReleased }: AccountTableOptions,
): AccountStore {
  const { db } = engine;
  const select = `SELECT username, created_at, verified_at, last_online_at, blocked_at, reason,
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
    `INSERT INTO blocked_name (username, blocked_at, reason) VALUES (?, ?, ?)
     ON CONFLICT DO UPDATE SET reason = excluded.reason
       WHERE excluded.reason IS NOT NULL AND excluded.reason IS NOT reason`,
  );
  const unblock = db.prepare("DELETE FROM blocked_name WHERE username = ?");
  const selectBlock = db.prepare("SELECT * FROM blocked_name WHERE username = ?");
  const selectVisitable = db.prepare(
    `SELECT username FROM account WHERE username IN (SELECT value FROM json_each(?))
     AND username NOT IN (SELECT username FROM blocked_name)`,
  );
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

  async function release(
    username: string,
    trace: Trace,
    { token, restMs = 0 }: ReleaseOptions = {},
  ): Promise<boolean> {
    const released = await engine.write(() => {
      if (token !== undefined && !isOwner(username, token)) return false;
      hideOrders(username);
      resting.begin(username, restMs);
      if (remove.run(username).changes === 0) return false;
      noteAct({ act: "release", username, ...trace });
      return true;
    });
    if (released) {
      hidden.delete(username);
      onReleased(username);
    }
    return released;
  }

  function setBlocked(username: string, blocked: boolean, trace: Trace): boolean {
    const reason = trace.reason === undefined ? null : plainText(trace.reason);
    const { changes } = blocked ? block.run(username, now(), reason) : unblock.run(username);
    if (changes === 0) return false;
    noteAct({ act: blocked ? "block" : "unblock", username, ...trace });
    return true;
  }

  return {
    byToken: (token) => engine.read(() => byToken(token)),
    byUsername: (username) => engine.read(() => toAccount(selectByUsername.get(username))),
    setPreferences,
    release,
    setBlocked: (username, blocked, trace) =>
      engine.write(() => setBlocked(username, blocked, trace)),
    isBlocked: (username) => engine.read(() => selectBlock.get(username) !== undefined),
    blockOf: (username) =>
      engine.read(() => {
        const row = selectBlock.get(username);
        return row && toBlockedName(row);
      }),
    visitable: (usernames) =>
      engine.read(() => {
        const rows = selectVisitable.all(JSON.stringify(usernames));
        return new Set(rows.map(({ username }) => String(username)));
      }),
    counts: () =>
      engine.read(() => {
        const row = count.get();
        return { total: Number(row?.total), blocked: Number(row?.blocked) };
      }),
    list: () =>
      engine.read(() =>
        selectAll.all().map((row) => toAccount(row)).filter((row) => row !== undefined)
      ),
    listBlocked: () => engine.read(() => selectBlocks.all().map(toBlockedName)),
    hiddenNames: () => engine.read(() => hidden),
  };
}
