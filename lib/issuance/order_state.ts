import type { OrderRow, ReadyOrder } from "../store/orders.ts";

/** Why an order failed for good, an RFC 9457 problem. */
export interface OrderProblem {
  type: string;
  title: string;
  status: number;
  detail: string;
}

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
  | { status: "failed"; problem: OrderProblem };

/** Where an ended order stands; undefined for a pending one. */
export function endState(row: OrderRow): OrderState | undefined {
  switch (row.status) {
    case "failed":
      return { status: "failed", problem: JSON.parse(row.problem ?? "{}") as OrderProblem };
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
export const SUSPENDED: OrderProblem = orderProblem(
  "suspended",
  403,
  "That username is suspended",
  "The relay's operator has suspended the name; ask for a certificate again when it is not any more",
);

/** Makes a problem of this project's namespace. */
export function orderProblem(
  code: string,
  status: number,
  title: string,
  detail: string,
): OrderProblem {
  return { type: `urn:glosson:problem:${code}`, title, status, detail };
}
