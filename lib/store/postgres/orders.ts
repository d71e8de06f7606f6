import { randomBytes } from "node:crypto";
import {
  type OrderBudget,
  type OrderRequest,
  type OrderStore,
  type RequestRules,
  type Submitted,
  TAKEN_MS,
} from "../orders.ts";
import { PATIENT_MS, RELEASED, toOrder, toQueued } from "../rows.ts";
import { isOwner } from "./accounts.ts";
import type { Ask, PostgresEngine } from "./engine.ts";
import { lockName } from "./names_lock.ts";

/** Whether the order's user has a certificate already. */
const HAS_EARLIER = `EXISTS (
  SELECT 1 FROM certificate_order AS earlier
  WHERE earlier.username = o.username AND earlier.status = 'ready' AND earlier.number < o.number
)`;

/** The time by the database's clock, milliseconds since the epoch: relays' own may differ. */
const CLOCK = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/** Key of the advisory lock of whoever takes a new name's order: one budget is for all. */
const BUDGET_LOCK = "7452731094083595877";

/** Keeps the orders in the database. */
export function orderTable(engine: PostgresEngine): OrderStore {
  /** This relay's, as long as it runs. */
  const relay = crypto.randomUUID();
  return {
    submit: (request, rules) => engine.write((ask) => submit(ask, request, rules)),
    get: (username, id) =>
      engine.read(async (ask) => {
        const { rows } = await ask(
          `SELECT status, certificate, problem, not_after, renew_after FROM certificate_order
           WHERE username = $1 AND id = $2`,
          [username, id],
        );
        return toOrder(rows[0]);
      }),
    outlook: (since) => engine.read((ask) => outlook(ask, since, relay)),
    newest: (username) =>
      engine.read(async (ask) => {
        const { rows: [row] } = await ask<{ certificate: string; not_after: number }>(
          `SELECT certificate, not_after FROM certificate_order
           WHERE username = $1 AND status = 'ready' ORDER BY not_after DESC LIMIT 1`,
          [username],
        );
        return row && { certificate: row.certificate, notAfter: row.not_after };
      }),
    take: (id, budget) => engine.write((ask) => take(ask, id, relay, budget)),
    leave: (id) =>
      engine.write(async (ask) => {
        await ask(
          "UPDATE certificate_order SET taken_until = NULL WHERE id = $1 AND taken_by = $2",
          [id, relay],
        );
      }),
    // Where the connection was lost over its commit it is done anew, and then finds itself done.
    finish: ({ id, username }, { certificate, notAfter, renewAfter }, now) =>
      engine.write(async (ask) => {
        const { count } = await ask(
          `UPDATE certificate_order SET status = 'ready', certificate = $2, not_after = $3,
             renew_after = $4, ended_at = $5
           WHERE id = $1 AND (status = 'pending' OR status = 'ready' AND certificate = $2)`,
          [id, certificate, notAfter, renewAfter, now],
        );
        if (count === 1) return true;
        await spend(ask, { id, username }, now);
        return false;
      }, PATIENT_MS),
    fail: (id, problem, now) =>
      engine.write(
        async (ask) => await failPending(ask, "id", id, problem, now) === 1,
        PATIENT_MS,
      ),
    failPending: (username, problem, now) =>
      engine.write((ask) => failPending(ask, "username", username, problem, now)),
    countSpent: (order, now) =>
      engine.write(async (ask) => {
        if (!await isPending(ask, order.id)) await spend(ask, order, now);
      }, PATIENT_MS),
    prune: (before) =>
      engine.write(async (ask) => {
        await ask(
          `DELETE FROM certificate_order WHERE ended_at < $1 AND number NOT IN (
             SELECT number FROM (
               SELECT number, row_number() OVER (PARTITION BY username ORDER BY number DESC) AS age
               FROM certificate_order WHERE status = 'ready' AND username NOT LIKE '${RELEASED}%'
             ) AS signed WHERE age <= 2
           )`,
          [before],
        );
      }),
  };
}

/** The user's lock makes what is counted the last word: of two at once one is the last one allowed. */
async function submit(
  ask: Ask,
  { id, username, csr, createdAt, token }: OrderRequest,
  rules: RequestRules,
): Promise<Submitted> {
  await lockName(ask, username);
  if (token !== undefined && !await isOwner(ask, username, token)) return { state: "revoked" };
  const { rows: pending } = await ask<{ id: string; csr: string }>(
    "SELECT id, csr FROM certificate_order WHERE username = $1 AND status = 'pending'",
    [username],
  );
  const known = pending.find((order) => order.csr === csr);
  if (known !== undefined) return { state: "known", id: known.id };
  const { rows: earlier } = await ask<{ at: number }>(
    `SELECT created_at AS at FROM certificate_order
     WHERE username IN ($1, '${RELEASED}' || $1) AND created_at > $2 ORDER BY created_at`,
    [username, createdAt - rules.windowMs],
  );
  if (earlier.length >= rules.limit) {
    return { state: "limited", accepted: earlier.map(({ at }) => at) };
  }
  const underWay = new Set(rules.underWay);
  const superseded = pending.map((order) => order.id).filter((id) => !underWay.has(id));
  for (const each of superseded) {
    await failPending(ask, "id", each, rules.superseded, createdAt);
  }
  await ask(
    `INSERT INTO certificate_order (id, username, csr, status, created_at)
     VALUES ($1, $2, $3, 'pending', $4)`,
    [id, username, csr, createdAt],
  );
  return { state: "queued", superseded };
}

async function outlook(
  ask: Ask,
  since: number,
  relay: string,
): ReturnType<OrderStore["outlook"]> {
  const { rows: pending } = await ask(
    `SELECT id, o.username, csr, created_at, (blocked_at IS NOT NULL)::int AS blocked,
       (taken_until > ${CLOCK} AND taken_by <> $1)::int AS elsewhere,
       EXISTS (
         SELECT 1 FROM certificate_order AS earlier
         WHERE earlier.username = o.username AND earlier.status = 'ready'
       )::int AS renewal
     FROM certificate_order AS o LEFT JOIN blocked_name USING (username)
     WHERE status = 'pending' ORDER BY renewal DESC, created_at, number`,
    [relay],
  );
  const { rows: newNames } = await ask<{ id: string; at: number }>(
    `SELECT id, ended_at AS at FROM certificate_order AS o
     WHERE status = 'ready' AND ended_at > $1 AND NOT ${HAS_EARLIER} ORDER BY ended_at`,
    [since],
  );
  return { pending: pending.map(toQueued), newNames };
}

async function take(
  ask: Ask,
  id: string,
  relay: string,
  budget: OrderBudget | undefined,
): Promise<boolean> {
  if (budget !== undefined && !await hasRoom(ask, id, relay, budget)) return false;
  const { count } = await ask(
    `UPDATE certificate_order SET taken_by = $2, taken_until = ${CLOCK} + ${TAKEN_MS}
     WHERE id = $1 AND status = 'pending'
       AND (taken_until IS NULL OR taken_until <= ${CLOCK} OR taken_by = $2)`,
    [id, relay],
  );
  return count === 1;
}

/**
 * Whether a new name's order is within the budget beside what was signed and what other relays have taken;
 * what this one has taken it has planned with. Whoever asks has the lock until the order is taken.
 */
async function hasRoom(
  ask: Ask,
  id: string,
  relay: string,
  { since, limit }: OrderBudget,
): Promise<boolean> {
  if (limit === Infinity) return true;
  await ask("SELECT pg_advisory_xact_lock($1)", [BUDGET_LOCK]);
  const { rows: [row] } = await ask<{ renewal: boolean; used: number }>(
    `SELECT EXISTS (
         SELECT 1 FROM certificate_order AS o WHERE id = $1 AND ${HAS_EARLIER}
       ) AS renewal,
       (SELECT count(*) FROM certificate_order AS o WHERE NOT ${HAS_EARLIER} AND (
         status = 'ready' AND ended_at > $2 OR
         status = 'pending' AND id <> $1 AND taken_until > ${CLOCK} AND taken_by <> $3
       )) AS used`,
    [id, since, relay],
  );
  return row!.renewal || row!.used < limit;
}

/** A row for a certificate that was paid for: made at no time, so that it counts as no request. */
async function spend(
  ask: Ask,
  { id, username }: { id: string; username: string },
  now: number,
): Promise<void> {
  await ask(
    `INSERT INTO certificate_order (id, username, csr, status, created_at, ended_at)
     VALUES ($1, '${RELEASED}' || $2, '', 'ready', 0, $3) ON CONFLICT DO NOTHING`,
    [`${id}:${randomBytes(8).toString("hex")}`, username, now],
  );
}

async function isPending(ask: Ask, id: string): Promise<boolean> {
  const { count } = await ask(
    "SELECT 1 FROM certificate_order WHERE id = $1 AND status = 'pending'",
    [id],
  );
  return count > 0;
}

async function failPending(
  ask: Ask,
  column: "id" | "username",
  value: string,
  problem: string,
  now: number,
): Promise<number> {
  const { count } = await ask(
    `UPDATE certificate_order SET status = 'failed', problem = $2, ended_at = $3
     WHERE ${column} = $1 AND status = 'pending'`,
    [value, problem, now],
  );
  return count;
}

/**
 * Drops a released name's pending orders, and hides the others from its next owner. To be called within
 * a transaction that has the name's lock.
 */
export async function hideOrders(ask: Ask, username: string): Promise<void> {
  await ask("DELETE FROM certificate_order WHERE username = $1 AND status = 'pending'", [username]);
  await ask(
    `UPDATE certificate_order SET username = '${RELEASED}' || username WHERE username = $1`,
    [username],
  );
}
