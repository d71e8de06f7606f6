import type { DomainPut, DomainStore } from "../domains.ts";
import type { Engine } from "./engine.ts";
import { actorReader } from "./tokens.ts";

/** The domains in the relay's database, and what forgets those of a name that was released. */
export interface DomainTable extends DomainStore {
  /** Their rows are gone with the account's. */
  forget(username: string): void;
}

/** Keeps users' domains in the relay's database; `now` in milliseconds since the epoch. */
// deno-lint-ignore lengths/function -- short functions that share the statements
export function domainTable(engine: Engine, now: () => number): DomainTable {
  const { db } = engine;
  const all = db.prepare("SELECT domain, username FROM own_domain");
  const ofUser = db.prepare("SELECT domain FROM own_domain WHERE username = ? ORDER BY domain");
  const holder = db.prepare("SELECT username FROM own_domain WHERE domain = ?");
  const put = db.prepare(
    `INSERT INTO own_domain (domain, username, verified_at, due_at) VALUES (?1, ?2, ?3, ?4)
     ON CONFLICT DO UPDATE SET username = ?2, verified_at = ?3, due_at = ?4, astray_since = NULL`,
  );
  const remove = db.prepare("DELETE FROM own_domain WHERE domain = ? AND username = ?");
  const due = db.prepare(
    `SELECT domain, username FROM own_domain WHERE due_at <= ?1 OR due_at > ?1 + ?2
     ORDER BY due_at LIMIT 1`,
  );
  const leads = db.prepare(
    `UPDATE own_domain SET verified_at = ?3, due_at = ?4, astray_since = NULL
     WHERE domain = ?1 AND username = ?2`,
  );
  const strays = db.prepare(
    `UPDATE own_domain SET astray_since = coalesce(astray_since, ?3), due_at = ?4
     WHERE domain = ?1 AND username = ?2 RETURNING astray_since`,
  );
  const postpone = db.prepare(
    "UPDATE own_domain SET due_at = ?3 WHERE domain = ?1 AND username = ?2",
  );
  const actorOf = actorReader(db);
  const owners = new Map(all.all().map((row) => [String(row.domain), String(row.username)]));

  function domainsOf(username: string): string[] {
    return ofUser.all(username).map(({ domain }) => String(domain));
  }

  function holderOf(domain: string): string | undefined {
    const row = holder.get(domain);
    return row && String(row.username);
  }

  return {
    of: (username) => engine.read(() => domainsOf(username)),
    holder: (domain) => engine.read(() => holderOf(domain)),
    async put(domain, token, { max, dueMs, from }) {
      const [username, done] = await engine.write((): [string | undefined, DomainPut] => {
        const username = actorOf(token);
        if (username === undefined) return [username, { state: "unauthorized" }];
        const before = holderOf(domain);
        if (before !== undefined && before !== username && before !== from) {
          return [username, { state: "taken", username: before }];
        }
        if (before !== username && domainsOf(username).length >= max) {
          return [username, { state: "full" }];
        }
        const verifiedAt = now();
        put.run(domain, username, verifiedAt, verifiedAt + dueMs);
        return [username, { state: "put", verifiedAt }];
      });
      if (done.state === "put") owners.set(domain, username!);
      return done;
    },
    async remove(domain, token) {
      const username = await engine.write(() => {
        const username = actorOf(token);
        if (username !== undefined) remove.run(domain, username);
        return username;
      });
      if (owners.get(domain) === username) owners.delete(domain);
      return username !== undefined;
    },
    due: (longestMs) =>
      engine.read(() => {
        const row = due.get(now(), longestMs);
        return row && { domain: String(row.domain), username: String(row.username) };
      }),
    note: ({ domain, username }, found, dueMs) =>
      engine.write(() => {
        const at = now();
        if (found) {
          leads.run(domain, username, at, at + dueMs);
          return undefined;
        }
        const row = strays.get(domain, username, at, at + dueMs);
        return row && at - Number(row.astray_since);
      }),
    postpone: ({ domain, username }, dueMs) =>
      engine.write(() => void postpone.run(domain, username, now() + dueMs)),
    async drop({ domain, username }) {
      await engine.write(() => void remove.run(domain, username));
      if (owners.get(domain) === username) owners.delete(domain);
    },
    owners: () => engine.read(() => ({ of: (domain) => owners.get(domain) })),
    forget(username) {
      for (const [domain, owner] of owners) if (owner === username) owners.delete(domain);
    },
  };
}
