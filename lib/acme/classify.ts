import {
  OrderHeldUpError,
  OrderPostponedError,
  OrderRefusedError,
} from "../certificate/authority.ts";
import { AwayError, PassingError } from "../dns/try_again.ts";
import { AcmeProblem, CAA_FIX } from "./problem.ts";

/** How long to wait after a refusal for rate if the server does not say. */
const RATE_LIMIT_PAUSE_MS = 3_600_000;

/** Problem types that another try would meet again (RFC 8555, section 6.7). */
const FINAL_PROBLEMS = [
  "badCSR",
  "badPublicKey",
  "rejectedIdentifier",
  "unsupportedIdentifier",
];

const CONTACT = "set GLOSSOND_ACME_EMAIL to an address that it takes, or to none";

/** What helps against a problem, where its text does not tell that. */
const FIXES = new Map([
  ["caa", CAA_FIX],
  ["externalAccountRequired", "set GLOSSOND_ACME_EAB_KID and ACME_EAB_HMAC_KEY"],
  ["invalidContact", CONTACT],
  ["unsupportedContact", CONTACT],
]);

/**
 * Tells callers of an order whether, and when, another try makes sense: an
 * {@linkcode OrderRefusedError}, an {@linkcode OrderPostponedError}, an {@linkcode OrderHeldUpError}, or the error
 * as it is.
 *
 * @param now milliseconds since the epoch.
 */
export function classify(error: unknown, now: number): unknown {
  if (error instanceof AwayError || error instanceof PassingError) {
    return new OrderHeldUpError(error.message, { cause: error });
  }
  if (!(error instanceof AcmeProblem)) return error;
  const { type, status, retryAt } = error;
  const fix = FIXES.get(type);
  const message = fix === undefined ? error.message : `${error.message}; ${fix}`;
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
  return fix === undefined ? error : new AcmeProblem(type, status, message);
}
