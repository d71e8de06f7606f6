import { randomBytes } from "node:crypto";
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
import { isOwner } from "./accounts.ts";
import type { Ask, PostgresEngine } from "./engine.ts";
import { lockName } from "./names_lock.ts";
import { HAS_EARLIER, IS_TAKEN, leave, take } from "./order_takes.ts";
import { CLOCK } from "./shared_clock.ts";

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
    below: (username) =>
      engine.read(async (ask) => {
        const { rows } = username === undefined
          ? await ask(BELOW_IN_USE)
          : await ask(`${BELOW_IN_USE} AND username = $1`, [username]);
        return toBelow(rows);
      }),
    take: (id, budget) => engine.write((ask) => take(ask, id, relay, budget)),
    leave: (id, restMs) => engine.write((ask) => leave(ask, id, relay, restMs)),
    // Where the connection was lost over its commit it is done anew, and then finds itself done.
    finish(order, { certificate, notAfter, renewAfter }, now) {
      const spend = spender(order, now);
      return engine.write(async (ask) => {
        const { count } = await ask(
          `UPDATE certificate_order SET status = 'ready', certificate = $2, not_after = $3,
             renew_after = $4, ended_at = $5
           WHERE id = $1 AND (status = 'pending' OR status = 'ready' AND certificate = $2)`,
          [order.id, certificate, notAfter, renewAfter, now],
        );
        if (count === 0) await spend(ask);
        return count === 1;
      }, PATIENT_MS);
    },
    // Another relay may have taken it since, and be about to end it well.
    fail: (id, problem, now) =>
      engine.write(
        async (ask) =>
          (await fail(ask, problem, now, "id = $3 AND taken_by = $4", [id, relay])).length === 1,
        PATIENT_MS,
      ),
    failPending: (username, problem, now) =>
      engine.write((ask) => failOrders(ask, username, problem, now)),
    countSpent(order, now) {
      const spend = spender(order, now);
      return engine.write(async (ask) => {
        if (!await isPending(ask, order.id)) await spend(ask);
      }, PATIENT_MS);
    },
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
  { id, username, csr, createdAt, below, token }: OrderRequest,
  rules: RequestRules,
): Promise<Submitted> {
  await lockName(ask, username);
  if (token !== undefined && !await isOwner(ask, username, token)) return { state: "revoked" };
  if ((await ask(`${ORDERS_ITSELF} AND username = $1`, [username])).count > 0) {
    return { state: "own-account" };
  }
  const { rows: pending } = await ask<{ id: string; csr: string }>(
    "SELECT id, csr FROM certificate_order WHERE username = $1 AND status = 'pending'",
    [username],
  );
  const known = pending.find((order) => order.csr === csr);
  if (known !== undefined) return { state: "known", id: known.id };
  const { rows: earlier } = await ask<{ at: number }>(
    `SELECT created_at AS at FROM certificate_order
     WHERE username IN ($1, '${RELEASED}' || $1) AND abs(created_at - $2) < $3 ORDER BY created_at`,
    [username, createdAt, rules.windowMs],
  );
  if (earlier.length >= rules.limit) {
    return { state: "limited", accepted: earlier.map(({ at }) => at) };
  }
  // Nor those that another relay has taken; this one may have some under way that it is taking just now.
  const superseded = await fail(
    ask,
    rules.superseded,
    createdAt,
    `username = $3 AND id <> ALL ($4) AND ${IS_TAKEN} IS NOT TRUE`,
    [username, [...rules.underWay]],
  );
  await ask(
    `INSERT INTO certificate_order (id, username, csr, status, created_at, below)
     VALUES ($1, $2, $3, 'pending', $4, $5)`,
    [id, username, csr, createdAt, belowText(below)],
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
       (${IS_TAKEN} AND taken_by <> $1)::int AS elsewhere, retry_at - ${CLOCK} AS rest_ms,
       EXISTS (
         SELECT 1 FROM certificate_order AS earlier
         WHERE earlier.username = o.username AND earlier.status = 'ready'
           AND earlier.below = o.below
       )::int AS renewal
     FROM certificate_order AS o LEFT JOIN blocked_name USING (username)
     WHERE status = 'pending' ORDER BY renewal DESC, created_at, number`,
    [relay],
  );
  const { rows: newNames } = await ask(
    `SELECT id, ended_at AS at, username FROM certificate_order AS o
     WHERE status = 'ready' AND ended_at > $1 AND NOT ${HAS_EARLIER} ORDER BY ended_at`,
    [since],
  );
  return { pending: pending.map(toQueued), newNames: newNames.map(toNewName) };
}

/**
 * Makes what writes a row for a certificate that was paid for: made at no time, so that it counts as no
 * request. However often it is called it counts once.
 */
function spender(
  { id, username }: { id: string; username: string },
  now: number,
): (ask: Ask) => Promise<void> {
  const spentId = `${id}:${randomBytes(8).toString("hex")}`;
  return async (ask) => {
    await ask(
      `INSERT INTO certificate_order (id, username, csr, status, created_at, ended_at)
       VALUES ($1, '${RELEASED}' || $2, '', 'ready', 0, $3) ON CONFLICT DO NOTHING`,
      [spentId, username, now],
    );
  };
}

async function isPending(ask: Ask, id: string): Promise<boolean> {
  const { count } = await ask(
    "SELECT 1 FROM certificate_order WHERE id = $1 AND status = 'pending'",
    [id],
  );
  return count > 0;
}

/** Ends the pending orders that `which` holds for, whose values are $3 and so on; their ids. */
async function fail(
  ask: Ask,
  problem: string,
  now: number,
  which: string,
  values: readonly unknown[],
): Promise<string[]> {
  const { rows } = await ask<{ id: string }>(
    `UPDATE certificate_order SET status = 'failed', problem = $1, ended_at = $2
     WHERE status = 'pending' AND ${which} RETURNING id`,
    [problem, now, ...values],
  );
  return rows.map(({ id }) => id);
}

/** Ends a user's pending orders; how many there were. */
export async function failOrders(
  ask: Ask,
  username: string,
  problem: string,
  now: number,
): Promise<number> {
  return (await fail(ask, problem, now, "username = $3", [username])).length;
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
