import type { DatabaseSync } from "node:sqlite";
import type { OrderRow, OrderTable } from "../orders.ts";

/**
 * What a released name's rows are filed under: they still count against budget and limits, yet the
 * next owner must not see them. No username has a colon.
 */
const RELEASED = "released:";

/** Opens the table; `db` stays the caller's. */
export function orderTable(db: DatabaseSync): OrderTable {
  const insert = db.prepare(
    "INSERT INTO certificate_order (id, username, csr, status, created_at) VALUES (?, ?, ?, 'pending', ?)",
  );
  const get = db.prepare("SELECT * FROM certificate_order WHERE id = ? AND username = ?");
  const twin = db.prepare(
    "SELECT id FROM certificate_order WHERE username = ? AND csr = ? AND status = 'pending'",
  );
  const accepted = db.prepare(
    `SELECT created_at AS at FROM certificate_order
     WHERE username IN (?, '${RELEASED}' || ?) AND created_at > ? ORDER BY created_at`,
  );
  const newNames = db.prepare(
    `SELECT ended_at AS at FROM certificate_order AS o
     WHERE status = 'ready' AND ended_at > ? AND NOT EXISTS (
       SELECT 1 FROM certificate_order AS earlier
       WHERE earlier.username = o.username AND earlier.status = 'ready'
         AND earlier.rowid < o.rowid
     ) ORDER BY ended_at`,
  );
  const queue = db.prepare(
    `SELECT id, username, csr, created_at, EXISTS (
       SELECT 1 FROM certificate_order AS earlier
       WHERE earlier.username = o.username AND earlier.status = 'ready'
     ) AS renewal
     FROM certificate_order AS o WHERE status = 'pending'
     ORDER BY renewal DESC, created_at, rowid`,
  );
  const newest = db.prepare(
    `SELECT certificate, not_after FROM certificate_order
     WHERE username = ? AND status = 'ready' ORDER BY not_after DESC LIMIT 1`,
  );
  const ready = db.prepare(
    `UPDATE certificate_order
     SET status = 'ready', certificate = ?, not_after = ?, renew_after = ?, ended_at = ?
     WHERE id = ? AND status = 'pending'`,
  );
  const failed = db.prepare(
    `UPDATE certificate_order SET status = 'failed', problem = ?, ended_at = ?
     WHERE id = ? AND status = 'pending'`,
  );
  const failAll = db.prepare(
    `UPDATE certificate_order SET status = 'failed', problem = ?, ended_at = ?
     WHERE username = ? AND status = 'pending'`,
  );
  const pending = db.prepare("SELECT 1 FROM certificate_order WHERE id = ? AND status = 'pending'");
  // Made at no time, so that it counts as no request of the name's next owner.
  const spent = db.prepare(
    `INSERT INTO certificate_order (id, username, csr, status, created_at, ended_at)
     VALUES (?, '${RELEASED}' || ?, '', 'ready', 0, ?)`,
  );
  const drop = db.prepare(
    "DELETE FROM certificate_order WHERE username = ? AND status = 'pending'",
  );
  const hide = db.prepare(
    `UPDATE certificate_order SET username = '${RELEASED}' || username WHERE username = ?`,
  );
  const prune = db.prepare(
    `DELETE FROM certificate_order WHERE ended_at < ? AND rowid NOT IN (
       SELECT rowid FROM (
         SELECT rowid, row_number() OVER (PARTITION BY username ORDER BY rowid DESC) AS age
         FROM certificate_order WHERE status = 'ready' AND username NOT LIKE '${RELEASED}%'
       ) WHERE age <= 2
     )`,
  );

  return {
    insert: (o) => void insert.run(o.id, o.username, o.csr, o.createdAt),
    get: (username, id) => get.get(id, username) as OrderRow | undefined,
    pendingTwin: (username, csr) => (twin.get(username, csr) as { id: string } | undefined)?.id,
    acceptedSince: (username, since) => times(accepted.all(username, username, since)),
    newNamesSince: (since) => times(newNames.all(since)),
    queue: () =>
      queue.all().map((row) => ({
        id: String(row.id),
        username: String(row.username),
        csr: String(row.csr),
        createdAt: Number(row.created_at),
        renewal: row.renewal === 1,
      })),
    newest(username): { certificate: string; notAfter: number } | undefined {
      const row = newest.get(username);
      if (row === undefined) return undefined;
      return { certificate: String(row.certificate), notAfter: Number(row.not_after) };
    },
    markReady: (id, { certificate, notAfter, renewAfter }, now) =>
      ready.run(certificate, notAfter, renewAfter, now, id).changes === 1,
    markFailed: (id, problem, now) => failed.run(problem, now, id).changes === 1,
    failPending: (username, problem, now) => Number(failAll.run(problem, now, username).changes),
    isPending: (id) => pending.get(id) !== undefined,
    countSpent: (id, username, now) => void spent.run(id, username, now),
    forget(username): void {
      drop.run(username);
      hide.run(username);
    },
    prune: (before) => void prune.run(before),
  };
}

function times(rows: Record<string, unknown>[]): number[] {
  return rows.map((row) => Number(row.at));
}
