/** A domain of a user's own. */
export interface OwnDomain {
  /** Lower case, A-labels, no trailing dot. */
  domain: string;
  username: string;
}

/** What comes of {@linkcode DomainStore.put}. */
export type DomainPut =
  | {
    state: "put";
    /** Milliseconds since the epoch. */
    verifiedAt: number;
  }
  /** It is another user's, and not of whom it may be taken from. */
  | { state: "taken"; username: string }
  /** The user has as many as they may. */
  | { state: "full" }
  /** The token is nobody's, or that of a blocked account. */
  | { state: "unauthorized" };

/**
 * Whose domain is whose.
 *
 * In memory, and as the store has it, as `HiddenNames` are: each visitor of a foreign name is looked for.
 */
export interface DomainOwners {
  /** The user of a domain, which is in lower case. */
  of(domain: string): string | undefined;
}

/**
 * Domains of users' own, which end with the account; when one is looked at goes by the clock that all relays
 * on the store share. Rejects as the `Store` does.
 */
export interface DomainStore {
  /** Those of a user, by name. */
  of(username: string): Promise<string[]>;
  /** The user whose it is, blocked or not. */
  holder(domain: string): Promise<string | undefined>;
  /**
   * Notes that a domain was seen to lead to the token's user just now.
   *
   * @param max how many a user may have.
   * @param dueMs in how long it is to be looked at again.
   * @param from whose it may be so far, since it does not lead to them any more.
   */
  put(
    domain: string,
    token: string,
    options: { max: number; dueMs: number; from?: string | undefined },
  ): Promise<DomainPut>;
  /** Removes a domain where it is the token's user's; false when the token is nobody's. */
  remove(domain: string, token: string): Promise<boolean>;
  /**
   * The domain that is to be looked at the longest; undefined where none is yet. One that is due in more than
   * `longestMs` is so now: it was noted while the clock was ahead.
   */
  due(longestMs: number): Promise<OwnDomain | undefined>;
  /**
   * Notes how a domain was found just now, where it is still that user's.
   *
   * @param dueMs in how long it is to be looked at again.
   * @returns for how long it has led elsewhere, milliseconds, 0 where it did not before; undefined where it leads to
   *   them, or is theirs no more.
   */
  note(found: OwnDomain, leads: boolean, dueMs: number): Promise<number | undefined>;
  /** Has a domain looked at in `dueMs` that could not be looked at now. */
  postpone(domain: OwnDomain, dueMs: number): Promise<void>;
  /** Removes a domain where it is still that user's. */
  drop(domain: OwnDomain): Promise<void>;
  /** Whose domain is whose, kept up until the store is closed. */
  owners(): Promise<DomainOwners>;
}
