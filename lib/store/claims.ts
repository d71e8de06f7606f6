/** What is kept of a claim whose profile was read. */
export interface ClaimCheck {
  /** How often it was. */
  verifications: number;
  /** Whether it granted a token: it grants no other. */
  used: boolean;
}

/** A claim whose code stood in the profile. */
export interface ProvenClaim {
  /** Of the claim's bytes. */
  hash: Uint8Array;
  /** Milliseconds since the epoch. */
  expiresAt: number;
  username: string;
  /** Whether a name that has no account gets one. */
  mayBeNew: boolean;
  /** What tells the profile that was read from any other of the same name; absent where nothing does. */
  profileId?: string | undefined;
}

/** What came of a claim that was to be granted; only `granted` changes anything. */
export type Grant =
  | {
    state: "granted";
    /** The account's new token: only its hash is kept. */
    token: string;
    /** Whether the name had an account, whose old token is now dead. */
    replaced: boolean;
    /** Whether another profile of the same name had proved that account, as far as both are known. */
    byAnother: boolean;
  }
  | { state: "blocked"; reason?: string }
  /** The name rests, and it is not known that this profile had it; milliseconds since the epoch. */
  | { state: "resting"; until: number }
  /** The name has no account and may not be a new one's. */
  | { state: "not-new" }
  | { state: "used" };

/** The claims whose profile was read, until they expire. Rejects as the `Store` does. */
export interface ClaimStore {
  /** The key of this relay's claims, 32 bytes, made at the first call: claims outlive a restart. */
  key(): Promise<Uint8Array>;
  /**
   * The clock that all relays on the store share, milliseconds since the epoch: a claim that one of them made is
   * verified at another, whose own clock may be an hour off.
   */
  now(): Promise<number>;
  /** What is kept of a claim, by the hash of its bytes. */
  get(hash: Uint8Array): Promise<ClaimCheck>;
  /** Counts a reading that did not find the code. */
  count(hash: Uint8Array, expiresAt: number): Promise<void>;
  /**
   * Uses the claim up and grants its name's account a new token, both or neither: of two at once for
   * one claim at most one is granted, and none for a name that is blocked by then. A rest ends by it.
   */
  grant(claim: ProvenClaim): Promise<Grant>;
}
