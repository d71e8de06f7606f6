import { OrderPostponedError, OrderRefusedError } from "../certificate/authority.ts";
import { AcmeProblem } from "./problem.ts";

/** How long to wait after a refusal for rate if the server does not say. */
const RATE_LIMIT_PAUSE_MS = 3_600_000;

/** Problem types that another try would meet again (RFC 8555, section 6.7). */
const FINAL_PROBLEMS = [
  "badCSR",
  "badPublicKey",
  "rejectedIdentifier",
  "unsupportedIdentifier",
];

/**
 * Tells callers of an order whether, and when, another try makes sense: an
 * {@linkcode OrderRefusedError}, an {@linkcode OrderPostponedError}, or the error as it is.
 *
 * @param now milliseconds since the epoch.
 */
export function classify(error: unknown, now: number): unknown {
  if (!(error instanceof AcmeProblem)) return error;
  const { type, message, retryAt } = error;
  if (FINAL_PROBLEMS.includes(type)) return new OrderRefusedError(message, { cause: error });
  if (type === "rateLimited") {
    const until = retryAt ?? now + RATE_LIMIT_PAUSE_MS;
    return new OrderPostponedError(
      `${message}; it is asked again at ${new Date(until).toISOString()}`,
      until,
      { cause: error },
    );
  }
  if (retryAt !== undefined) return new OrderPostponedError(message, retryAt, { cause: error });
  return error;
}
