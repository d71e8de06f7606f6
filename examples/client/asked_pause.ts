import { AcmeProblem } from "../../lib/acme/problem.ts";
import { RelayProblem } from "./problem.ts";

/** Let's Encrypt takes 5 failed proofs of a name an hour, and gives one of them back in this time, milliseconds. */
const PROOF_PAUSE_MS = 720_000;

/** An authority could not prove a name; it counts how often it cannot. */
export class NotProved extends Error {
  override readonly name = "NotProved";
}

/** How long the relay or an authority asks to be left alone, milliseconds; 0 where it does not. */
export function askedPauseMs(error: unknown, now: number): number {
  if (error instanceof RelayProblem) return error.retryAfterMs ?? 0;
  if (error instanceof NotProved) return PROOF_PAUSE_MS;
  return error instanceof AcmeProblem && error.retryAt !== undefined
    ? Math.max(0, error.retryAt - now)
    : 0;
}
