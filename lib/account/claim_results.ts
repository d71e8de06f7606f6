import type { Refusal } from "../wire/problems.ts";

/** A claim that was made: `claim` is a secret of who made it, `code` goes into the public bio. */
export interface ClaimMade {
  ok: true;
  claim: string;
  username: string;
  hostname: string;
  code: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

/** A claim that was verified, and so is used up. */
export interface ClaimVerified {
  ok: true;
  username: string;
  hostname: string;
  token: string;
  /** Whether the name had an account, whose old token is now dead: its session has to be closed. */
  replaced: boolean;
}

/** What keeps a claim from being made. */
export type NotClaimed = Refusal<
  "invalid-username" | "reserved-username" | "suspended" | "rate-limited"
>;

/** What keeps a claim from being verified. */
export type NotVerified = Refusal<
  | "claim-not-found"
  | "claim-expired"
  | "code-not-found"
  | "profile-not-found"
  | "profile-unavailable"
  | "reserved-username"
  | "suspended"
  | "rate-limited"
>;
