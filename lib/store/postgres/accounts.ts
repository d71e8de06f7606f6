import { plainText } from "../../wire/plain_text.ts";
import { hashSecret } from "../../wire/random_secret.ts";
import type { Account, AccountStore, Preferences, ReleaseOptions } from "../accounts.ts";
import type { Trace } from "../acts.ts";
import { toAccount, toBlockedName } from "../rows.ts";
import type { NoteAct } from "./acts.ts";
import type { Ask, PostgresEngine } from "./engine.ts";
import type { KnownAccounts } from "./known_accounts.ts";
import { lockName } from "./names_lock.ts";
import { hideOrders } from "./orders.ts";
import { beginRest } from "./rests.ts";

/** Options for {@linkcode accountTable}. */
export interface AccountTableOptions {
  /** Clock in milliseconds since the epoch. */
  now: () => number;
  noteAct: NoteAct;
  /** What is known while the database is away. */
  known: KnownAccounts;
}

const SELECT = `SELECT username, created_at, verified_at, last_online_at, blocked_at, reason,
  offline_page, last_seen, away FROM account LEFT JOIN blocked_name USING (username)`;

/** Keeps the accounts in the database. */
// deno-lint-ignore lengths/function -- short functions that share what they are given
export function accountTable(
  engine: PostgresEngine,
  { now, noteAct, known }: AccountTableOptions,
): AccountStore {
  async function setPreferences(
    token: string,
    changes: Partial<Preferences>,
  ): Promise<Account | undefined> {
    return await known.change(async (ask, tell) => {
      const before = await accountOf(ask, token);
      if (before === undefined) return undefined;
      await lockName(ask, before.username);
      const account = await accountOf(ask, token);
      if (account === undefined || account.blockedAt !== undefined) return account;
      const { offlinePage, lastSeen, away } = { ...account.preferences, ...changes };
      const text = away === null ? null : plainText(away);
      await ask(
        "UPDATE account SET offline_page = $2, last_seen = $3, away = $4 WHERE username = $1",
        [account.username, offlinePage, Number(lastSeen), text],
      );
      tell(account.username);
      return await accountOf(ask, token);
    }, (changed) => changed && known.see(token, changed));
  }

  async function release(
    username: string,
    trace: Trace,
    { token, restMs = 0 }: ReleaseOptions = {},
  ): Promise<boolean> {
    return await known.change(async (ask, tell) => {
      await lockName(ask, username);
      if (token !== undefined && !await isOwner(ask, username, token)) return false;
      await hideOrders(ask, username);
      await beginRest(ask, username, now(), restMs);
      const { count } = await ask("DELETE FROM account WHERE username = $1", [username]);
      if (count === 0) return false;
      await noteAct(ask, { act: "release", username, ...trace });
      tell(username, "cut-off", "released");
      return true;
    }, (released) => released && known.forget(username));
  }

  async function setBlocked(username: string, blocked: boolean, trace: Trace): Promise<boolean> {
    const reason = trace.reason === undefined ? null : plainText(trace.reason);
    return await known.change(async (ask, tell) => {
      await lockName(ask, username);
      const { count } = blocked
        ? await ask(
          `INSERT INTO blocked_name AS old (username, blocked_at, reason) VALUES ($1, $2, $3)
           ON CONFLICT (username) DO UPDATE SET reason = excluded.reason
             WHERE excluded.reason IS NOT NULL AND excluded.reason IS DISTINCT FROM old.reason`,
          [username, now(), reason],
        )
        : await ask("DELETE FROM blocked_name WHERE username = $1", [username]);
      // Also where it was before: who says it again wants it to hold.
      if (blocked) tell(username, "cut-off");
      if (count === 0) return false;
      await noteAct(ask, { act: blocked ? "block" : "unblock", username, ...trace });
      if (!blocked) tell(username);
      return true;
    });
  }

  return {
    byToken: (token) => known.accountOf(token, engine.read((ask) => accountOf(ask, token))),
    byUsername: (username) =>
      engine.read(async (ask) =>
        toAccount((await ask(`${SELECT} WHERE username = $1`, [username])).rows[0])
      ),
    setPreferences,
    release,
    setBlocked,
    isBlocked: async (username) => await blockOf(username) !== undefined,
    blockOf,
    visitable: (usernames) =>
      engine.read(async (ask) => {
        const { rows } = await ask<{ username: string }>(
          `SELECT username FROM account WHERE username = ANY ($1::text[])
           AND username NOT IN (SELECT username FROM blocked_name)`,
          [usernames],
        );
        return new Set(rows.map(({ username }) => username));
      }),
    counts: () =>
      engine.read(async (ask) => {
        const { rows: [row] } = await ask<{ total: number; blocked: number }>(
          `SELECT (SELECT count(*) FROM account) AS total,
             (SELECT count(*) FROM blocked_name) AS blocked`,
        );
        return row!;
      }),
    list: () =>
      engine.read(async (ask) =>
        (await ask(`${SELECT} ORDER BY username`)).rows.map(toAccount)
          .filter((account) => account !== undefined)
      ),
    listBlocked: () =>
      engine.read(async (ask) =>
        (await ask("SELECT * FROM blocked_name ORDER BY username")).rows.map(toBlockedName)
      ),
    hiddenNames: () => Promise.resolve(known.hidden),
  };

  function blockOf(username: string): ReturnType<AccountStore["blockOf"]> {
    const read = engine.read(async (ask) => {
      const { rows: [row] } = await ask("SELECT * FROM blocked_name WHERE username = $1", [
        username,
      ]);
      return row && toBlockedName(row);
    });
    return known.blockOf(username, read);
  }
}

/** The account of a token. */
async function accountOf(ask: Ask, token: string): Promise<Account | undefined> {
  return toAccount((await ask(`${SELECT} WHERE token_hash = $1`, [hashSecret(token)])).rows[0]);
}

/** Whether a token is that of a name's account. */
export async function isOwner(ask: Ask, username: string, token: string): Promise<boolean> {
  const { count } = await ask("SELECT 1 FROM account WHERE username = $1 AND token_hash = $2", [
    username,
    hashSecret(token),
  ]);
  return count > 0;
}
