import type { OrderRow, ReadyOrder } from "../store/orders.ts";
import { type ProblemDetails, problemOf } from "../wire/problems.ts";

/** Where an order of a user stands. */
export type OrderState =
  | {
    status: "pending";
    /** When it is worth asking again. */
    retryAfterS: number;
    /** Place in the queue, from 1; absent while the order runs. */
    position?: number;
    /** When the queue will let it through, milliseconds since the epoch; absent while it runs. */
    expectedAt?: number;
  }
  | ({ status: "ready" } & ReadyOrder)
  /** Why it failed for good. */
  | { status: "failed"; problem: ProblemDetails };

/** Where an ended order stands; undefined for a pending one. */
export function endState(row: OrderRow): OrderState | undefined {
  switch (row.status) {
    case "failed":
      return { status: "failed", problem: JSON.parse(row.problem ?? "{}") as ProblemDetails };
    case "ready":
      return {
        status: "ready",
        certificate: row.certificate ?? "",
        notAfter: row.not_after ?? 0,
        renewAfter: row.renew_after ?? 0,
      };
  }
}

/** How the pending orders of a name end that the operator blocks. */
export const SUSPENDED: ProblemDetails = problemOf(
  "suspended",
  "The relay's operator has suspended the name; ask for a certificate again when it is not any more",
);
