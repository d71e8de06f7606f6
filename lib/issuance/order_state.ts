import type { ReadyOrder } from "../store/orders.ts";
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

/** How the pending orders of a name end that the operator blocks. */
export const SUSPENDED: ProblemDetails = problemOf(
  "suspended",
  "The relay's operator has suspended the name; ask for a certificate again when it is not any more",
);

/** How a user's waiting orders end when they ask for another one. */
export const SUPERSEDED: ProblemDetails = problemOf("superseded", "Ask for the newer order");

/** How the pending orders of a user end who has certificates ordered by an account of their own. */
export const OWN_ACCOUNT: ProblemDetails = problemOf(
  "own-account",
  "CAA records that you asked for let an ACME account of your own alone order: have it order, or take them away (glosson caa off)",
);
