import { type OrderBudget, TAKEN_MS } from "../orders.ts";
import type { Ask } from "./engine.ts";
import { CLOCK } from "./shared_clock.ts";

/*
 * Which of the relays places an order: what they agree on within a transaction, by the database's clock,
 * since their own may differ.
 */

/** Whether an order is a relay's; NULL where it never was. */
export const IS_TAKEN = `(taken_until > ${CLOCK})`;

/** Whether the user of order `o` had a certificate for the same names already. */
export const HAS_EARLIER = `EXISTS (
  SELECT 1 FROM certificate_order AS earlier
  WHERE earlier.username = o.username AND earlier.status = 'ready' AND earlier.below = o.below
    AND earlier.number < o.number
)`;

/** Key of the advisory lock of whoever takes a new name's order: one budget is for all. */
const BUDGET_LOCK = "7452731094083595877";

/** Takes a pending order for a relay, or keeps it taken; false where it may not. */
export async function take(
  ask: Ask,
  id: string,
  relay: string,
  budget: OrderBudget | undefined,
): Promise<boolean> {
  if (budget !== undefined && !await hasRoom(ask, id, budget)) return false;
  // The clock was set back: whoever has it, if it lives, keeps it by now.
  await ask(
    `UPDATE certificate_order SET taken_until = ${CLOCK} + ${TAKEN_MS}
     WHERE id = $1 AND taken_until > ${CLOCK} + ${TAKEN_MS}`,
    [id],
  );
  const { count } = await ask(
    `UPDATE certificate_order SET taken_by = $2, taken_until = ${CLOCK} + ${TAKEN_MS}
     WHERE id = $1 AND status = 'pending' AND (retry_at IS NULL OR retry_at <= ${CLOCK})
       AND (taken_by = $2 OR ${IS_TAKEN} IS NOT TRUE)`,
    [id, relay],
  );
  return count === 1;
}

/** Leaves an order that a relay has taken, where it still has it. */
export async function leave(ask: Ask, id: string, relay: string, restMs = 0): Promise<void> {
  await ask(
    `UPDATE certificate_order SET taken_until = NULL, retry_at = ${CLOCK} + $3
     WHERE id = $1 AND taken_by = $2 AND taken_until IS NOT NULL`,
    [id, relay, Math.ceil(restMs)],
  );
}

/**
 * Whether a new name's order is within the budget beside what was signed and what is taken. What a relay has
 * taken itself counts, too: others may have taken some since it planned. Whoever asks has the lock until
 * the order is taken.
 */
async function hasRoom(
  ask: Ask,
  id: string,
  { since, until, limit }: OrderBudget,
): Promise<boolean> {
  if (limit === Infinity) return true;
  await ask("SELECT pg_advisory_xact_lock($1)", [BUDGET_LOCK]);
  const { rows: [row] } = await ask<{ renewal: boolean; used: number }>(
    `SELECT EXISTS (
         SELECT 1 FROM certificate_order AS o WHERE id = $1 AND ${HAS_EARLIER}
       ) AS renewal,
       (SELECT count(*) FROM certificate_order AS o WHERE NOT ${HAS_EARLIER} AND (
         status = 'ready' AND ended_at > $2 AND ended_at < $3 OR status = 'pending' AND id <> $1 AND ${IS_TAKEN}
       )) AS used`,
    [id, since, until],
  );
  return row!.renewal || row!.used < limit;
}
