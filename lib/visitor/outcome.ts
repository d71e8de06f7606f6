import type { RejectReason } from "../wire/client_hello.ts";

/** Whether a visitor got what there was to get. */
const SERVED = true;
const REFUSED = false;

/**
 * How visitors' connections end, few and stable words, fit for a metric label; and whether it counts
 * as served. What {@linkcode RejectReason} names besides is refused.
 */
const OUTCOMES = {
  // Joined with a client by a parked data connection, or by one that the client was asked for.
  "parked": SERVED,
  "dialled": SERVED,
  // Joined with a client that sent nothing: it is frozen, or was lost.
  "unanswered": REFUSED,
  // Closed for a visitor whose network has fewer connections, see `crowd.ts`.
  "gave-way": REFUSED,
  // Passed to the relay's own servers.
  "offline": SERVED,
  "not-responding": SERVED,
  "restarting": SERVED,
  // Not passed to the client, since the user's bytes of the day are used up.
  "used-up": SERVED,
  "landing": SERVED,
  "unknown-name": SERVED,
  "page": SERVED,
  "control": SERVED,
  // Passed to the fallback backend, or not: it cannot be reached.
  "fallback": SERVED,
  "fallback-unreachable": REFUSED,
  // A plain HTTP request, answered by a redirect or 400.
  "http": SERVED,
  "bad-http": REFUSED,
  // TLS on the port that is for plain HTTP.
  "tls-on-http-port": REFUSED,
  // A name that is not ours and no fallback backend, or no name.
  "foreign-name": REFUSED,
  "no-name": REFUSED,
  // No page instead of a client, as its user wants it.
  "no-page": SERVED,
  // The visitor went away while a client was asked.
  "left": SERVED,
  // Nothing to answer: no byte, an end or a reset or too long a wait within the hello.
  "silent": REFUSED,
  "incomplete": REFUSED,
  "reset": REFUSED,
  "late": REFUSED,
  "bad-proxy-header": REFUSED,
  // No place in a table.
  "limit-hellos": REFUSED,
  "limit-large-hellos": REFUSED,
  "limit-address": REFUSED,
  "limit-rate": REFUSED,
  "limit-visitors": REFUSED,
  "limit-pages": REFUSED,
  "limit-control": REFUSED,
  "limit-fallback": REFUSED,
};

/** How a visitor's connection ended. */
export type Outcome = keyof typeof OUTCOMES | RejectReason;

/** Whether a visitor whose connection ended so got what there was to get. */
export function isServed(outcome: Outcome): boolean {
  return outcome in OUTCOMES && OUTCOMES[outcome as keyof typeof OUTCOMES];
}

/** The end of a visitor's connection. */
export interface Ending {
  outcome: Outcome;
  /** A clause for a person who reads the debug log. */
  detail?: string;
  /** Bytes that passed between a visitor and a client, or the fallback backend. */
  toClient?: number;
  toVisitor?: number;
}
