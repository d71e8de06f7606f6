/** Whoever may order certificates: an account at an authority. */
export interface Issuer {
  /** The authority's name in CAA records (RFC 8659 section 4.2), e.g. `letsencrypt.org`. */
  authority: string;
  /** URL of the ACME account there (RFC 8657 section 3). */
  accountUrl: string;
}

/** Who alone may order certificates for a user's names: the relay, or the account of the user's own. */
export type UserCaa = "relay" | Issuer;

/**
 * Who alone may order certificates for the names of those users who asked for that, until the account ends.
 * Rejects as the `Store` does.
 */
export interface CaaStore {
  /** What a user asked for; undefined where nothing. */
  of(username: string): Promise<UserCaa | undefined>;
  /** What each user asked for who did. */
  all(): Promise<ReadonlyMap<string, UserCaa>>;
  /**
   * Sets, or without a value ends, what the token's user asks for. With an account of their own their pending
   * orders end, too: `submit` makes no more.
   *
   * @param ownAccount JSON of the problem that these end with.
   * @returns the user; undefined when the token is nobody's, or that of a blocked account.
   */
  set(token: string, caa: UserCaa | undefined, ownAccount: string): Promise<string | undefined>;
  /** With which accounts the relays of this store order: those noted within {@linkcode ISSUER_KEPT_MS}. */
  issuers(): Promise<Issuer[]>;
  /** Notes with which account a relay orders; where there can be only one relay, it is the only one. */
  noteIssuer(relay: string, issuer: Issuer): Promise<void>;
}

/** How long a relay that notes nothing more counts as one that orders, milliseconds: as long as it may be down. */
export const ISSUER_KEPT_MS = 7 * 86_400_000;
