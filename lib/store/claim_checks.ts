/** What is kept of a claim whose profile was read. */
export interface ClaimCheck {
  /** How often it was. */
  verifications: number;
  /** Whether it granted a token: it grants no other. */
  used: boolean;
}

/** The claims whose profile was read, until they expire. */
export interface ClaimChecks {
  /** What is kept of a claim, by the hash of its bytes. */
  get(hash: Uint8Array): ClaimCheck;
  /** Counts a reading that did not find the code. */
  count(hash: Uint8Array, expiresAt: number): void;
  /** Uses the claim up; false when it was already. */
  use(hash: Uint8Array, expiresAt: number): boolean;
}
