import type { DatabaseSync } from "node:sqlite";
import type { OrderRequest, OrderStore, RequestRules, Submitted } from "../orders.ts";
import {
  BELOW_IN_USE,
  belowText,
  ORDERS_ITSELF,
  PATIENT_MS,
  RELEASED,
  toBelow,
  toNewName,
  toOrder,
  toQueued,
} from "../rows.ts";
import type { Engine } from "./engine.ts";
import { ownerCheck } from "./tokens.ts";

/** Keeps the orders in the relay's database. */
// deno-lint-ignore lengths/function -- short functions that share the statements
export function orderTable(engine: Engine): OrderStore {
  const { db } = engine;
  const insert = db.prepare(
    `INSERT INTO certificate_order (id, username, csr, status, created_at, below)
     VALUES (?, ?, ?, 'pending', ?, ?)`,
  );
  const get = db.prepare(
    `SELECT status, certificate, problem, not_after, renew_after FROM certificate_order
     WHERE username = ? AND id = ?`,
  );
  const twin = db.prepare(
    "SELECT id FROM certificate_order WHERE username = ? AND csr = ? AND status = 'pending'",
  );
  const accepted = db.prepare(
    `SELECT created_at AS at FROM certificate_order
     WHERE username IN (?, '${RELEASED}' || ?) AND abs(created_at - ?) < ? ORDER BY created_at`,
  );
  const newNames = db.prepare(
    `SELECT id, ended_at AS at, username FROM certificate_order AS o
     WHERE status = 'ready' AND ended_at > ? AND NOT EXISTS (
       SELECT 1 FROM certificate_order AS earlier
       WHERE earlier.username = o.username AND earlier.status = 'ready'
         AND earlier.below = o.below AND earlier.rowid < o.rowid
     ) ORDER BY ended_at`,
  );
  const pending = db.prepare(
    `SELECT id, username, csr, created_at, blocked_at IS NOT NULL AS blocked, EXISTS (
       SELECT 1 FROM certificate_order AS earlier
       WHERE earlier.username = o.username AND earlier.status = 'ready'
         AND earlier.below = o.below
     ) AS renewal
     FROM certificate_order AS o LEFT JOIN blocked_name USING (username)
     WHERE status = 'pending' ORDER BY renewal DESC, created_at, o.rowid`,
  );
  const pendingOf = db.prepare(
    "SELECT id FROM certificate_order WHERE username = ? AND status = 'pending'",
  );
  const newest = db.prepare(
    `SELECT certificate, not_after FROM certificate_order
     WHERE username = ? AND status = 'ready' ORDER BY not_after DESC LIMIT 1`,
  );
  const below = db.prepare(BELOW_IN_USE);
  const belowOf = db.prepare(`${BELOW_IN_USE} AND username = ?`);
  const ready = db.prepare(
    `UPDATE certificate_order
     SET status = 'ready', certificate = ?, not_after = ?, renew_after = ?, ended_at = ?
     WHERE id = ? AND (status = 'pending' OR status = 'ready' AND certificate = ?)`,
  );
  const failed = db.prepare(
    `UPDATE certificate_order SET status = 'failed', problem = ?, ended_at = ?
     WHERE id = ? AND status = 'pending'`,
  );
  const onePending = db.prepare(
    "SELECT 1 FROM certificate_order WHERE id = ? AND status = 'pending'",
  );
  // Made at no time, so that it counts as no request of the name's next owner.
  const spend = db.prepare(
    `INSERT INTO certificate_order (id, username, csr, status, created_at, ended_at)
     VALUES (lower(hex(randomblob(16))), '${RELEASED}' || ?, '', 'ready', 0, ?)`,
  );
  const prune = db.prepare(
    `DELETE FROM certificate_order WHERE ended_at < ? AND rowid NOT IN (
       SELECT rowid FROM (
         SELECT rowid, row_number() OVER (PARTITION BY username ORDER BY rowid DESC) AS age
         FROM certificate_order WHERE status = 'ready' AND username NOT LIKE '${RELEASED}%'
       ) WHERE age <= 2
     )`,
  );
  const ownAccount = db.prepare(`${ORDERS_ITSELF} AND username = ?`);
  const isOwner = ownerCheck(db);
  const failAll = orderFailer(db);

  const isPending = (id: string): boolean => onePending.get(id) !== undefined;

  function submit(request: OrderRequest, rules: RequestRules): Submitted {
    const { id, username, csr, createdAt, token } = request;
    if (token !== undefined && !isOwner(username, token)) return { state: "revoked" };
    if (ownAccount.get(username) !== undefined) return { state: "own-account" };
    const known = twin.get(username, csr);
    if (known !== undefined) return { state: "known", id: String(known.id) };
    const earlier = accepted.all(username, username, createdAt, rules.windowMs);
    if (earlier.length >= rules.limit) {
      return { state: "limited", accepted: earlier.map(({ at }) => Number(at)) };
    }
    const underWay = new Set(rules.underWay);
    const superseded = pendingOf.all(username).map((row) => String(row.id))
      .filter((id) => !underWay.has(id));
    for (const each of superseded) failed.run(rules.superseded, createdAt, each);
    insert.run(id, username, csr, createdAt, belowText(request.below));
    return { state: "queued", superseded };
  }

  return {
    submit: (request, rules) => engine.write(() => submit(request, rules)),
    get: (username, id) => engine.read(() => toOrder(get.get(username, id))),
    outlook: (since) =>
      engine.read(() => ({
        pending: pending.all().map(toQueued),
        newNames: newNames.all(since).map(toNewName),
      })),
    newest: (username) =>
      engine.read(() => {
        const row = newest.get(username);
        if (row === undefined) return undefined;
        return { certificate: String(row.certificate), notAfter: Number(row.not_after) };
      }),
    below: (username) =>
      engine.read(() => toBelow(username === undefined ? below.all() : belowOf.all(username))),
    // There is no other relay; what this one has planned is within its budget.
    take: (id) => engine.read(() => isPending(id)),
    leave: () => Promise.resolve(),
    finish: ({ id, username }, { certificate, notAfter, renewAfter }, now) =>
      engine.write(() => {
        const { changes } = ready.run(certificate, notAfter, renewAfter, now, id, certificate);
        if (changes === 1) return true;
        spend.run(username, now);
        return false;
      }, PATIENT_MS),
    fail: (id, problem, now) =>
      engine.write(() => failed.run(problem, now, id).changes === 1, PATIENT_MS),
    failPending: (username, problem, now) => engine.write(() => failAll(username, problem, now)),
    countSpent: ({ id, username }, now) =>
      engine.write(() => {
        if (!isPending(id)) spend.run(username, now);
      }, PATIENT_MS),
    prune: (before) => engine.write(() => void prune.run(before)),
  };
}

/**
 * Makes what ends a user's pending orders with a problem at a time, and tells how many there were. To be called
 * within a transaction.
 */
export function orderFailer(
  db: DatabaseSync,
): (username: string, problem: string, now: number) => number {
  const fail = db.prepare(
    `UPDATE certificate_order SET status = 'failed', problem = ?, ended_at = ?
     WHERE username = ? AND status = 'pending'`,
  );
  return (username, problem, now) => Number(fail.run(problem, now, username).changes);
}

/**
 * Makes what drops a released name's pending orders, and hides the others from its next owner. To be
 * called within a transaction.
 */
export function orderHider(db: DatabaseSync): (username: string) => void {
  const drop = db.prepare(
    "DELETE FROM certificate_order WHERE username = ? AND status = 'pending'",
  );
  const hide = db.prepare(
    `UPDATE certificate_order SET username = '${RELEASED}' || username WHERE username = ?`,
  );
  return (username) => {
    drop.run(username);
    hide.run(username);
  };
}
