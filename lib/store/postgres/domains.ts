import type { DomainPut, DomainStore, OwnDomain } from "../domains.ts";
import type { Ask, PostgresEngine } from "./engine.ts";
import type { KnownAccounts, Tell } from "./known_accounts.ts";
import { lockActor, lockName } from "./names_lock.ts";
import type { SharedClock } from "./shared_clock.ts";

/** Keeps users' domains in the database. */
// deno-lint-ignore lengths/function -- short functions that share what they are given
export function domainTable(
  engine: PostgresEngine,
  { clock, known }: { clock: SharedClock; known: KnownAccounts },
): DomainStore {
  async function put(
    ask: Ask,
    tell: Tell,
    domain: string,
    token: string,
    { max, dueMs, from }: Parameters<DomainStore["put"]>[2],
  ): Promise<DomainPut> {
    const username = await lockActor(ask, token);
    if (username === undefined) return { state: "unauthorized" };
    // After the user's, as everywhere: no two wait for each other.
    await lockName(ask, domain);
    const before = await holderOf(ask, domain);
    if (before !== undefined && before !== username && before !== from) {
      return { state: "taken", username: before };
    }
    if (before !== username && (await domainsOf(ask, username)).length >= max) {
      return { state: "full" };
    }
    const verifiedAt = await clock(ask);
    await ask(
      `INSERT INTO own_domain (domain, username, verified_at, due_at) VALUES ($1, $2, $3, $4)
       ON CONFLICT (domain) DO UPDATE
         SET username = $2, verified_at = $3, due_at = $4, astray_since = NULL`,
      [domain, username, verifiedAt, verifiedAt + dueMs],
    );
    tell(before ?? username);
    tell(username);
    return { state: "put", verifiedAt };
  }

  async function drop(ask: Ask, tell: Tell, { domain, username }: OwnDomain): Promise<void> {
    await ask("DELETE FROM own_domain WHERE domain = $1 AND username = $2", [domain, username]);
    tell(username);
  }

  return {
    of: (username) => engine.read((ask) => domainsOf(ask, username)),
    holder: (domain) => engine.read((ask) => holderOf(ask, domain)),
    put: (domain, token, options) =>
      known.change((ask, tell) => put(ask, tell, domain, token, options)),
    remove: (domain, token) =>
      known.change(async (ask, tell) => {
        const username = await lockActor(ask, token);
        if (username !== undefined) await drop(ask, tell, { domain, username });
        return username !== undefined;
      }),
    due: (longestMs) =>
      engine.read(async (ask) => {
        const { rows } = await ask<OwnDomain>(
          `SELECT domain, username FROM own_domain WHERE due_at <= $1 OR due_at > $1 + $2
           ORDER BY due_at LIMIT 1`,
          [await clock(ask), longestMs],
        );
        return rows[0];
      }),
    note: ({ domain, username }, leads, dueMs) =>
      engine.write(async (ask) => {
        const at = await clock(ask);
        const { rows: [row] } = await ask<{ astray_since: number | null }>(
          leads
            ? `UPDATE own_domain SET verified_at = $3, due_at = $4, astray_since = NULL
               WHERE domain = $1 AND username = $2 RETURNING astray_since`
            : `UPDATE own_domain SET astray_since = coalesce(astray_since, $3), due_at = $4
               WHERE domain = $1 AND username = $2 RETURNING astray_since`,
          [domain, username, at, at + dueMs],
        );
        return row?.astray_since == null ? undefined : at - row.astray_since;
      }),
    postpone: ({ domain, username }, dueMs) =>
      engine.write(async (ask) => {
        const dueAt = await clock(ask) + dueMs;
        await ask("UPDATE own_domain SET due_at = $3 WHERE domain = $1 AND username = $2", [
          ...[domain, username, dueAt],
        ]);
      }),
    drop: (own) => known.change((ask, tell) => drop(ask, tell, own)),
    owners: () => Promise.resolve(known.owners),
  };
}

async function domainsOf(ask: Ask, username: string): Promise<string[]> {
  const { rows } = await ask<OwnDomain>(
    "SELECT domain FROM own_domain WHERE username = $1 ORDER BY domain",
    [username],
  );
  return rows.map(({ domain }) => domain);
}

async function holderOf(ask: Ask, domain: string): Promise<string | undefined> {
  const { rows: [row] } = await ask<OwnDomain>(
    "SELECT username FROM own_domain WHERE domain = $1",
    [domain],
  );
  return row?.username;
}
