import type { Trace } from "./acts.ts";

/** What of a user's page the relay shows while they are away. */
export interface Preferences {
  /**
   * `full`, `plain` (no last-seen, no away text) or `none`: no page at all, so that no browser ever
   * sends the relay a cookie.
   */
  offlinePage: "full" | "plain" | "none";
  /** Whether visitors are told when the user was last online. */
  lastSeen: boolean;
  /** The user's own words to visitors. */
  away: string | null;
}

/** A user of the relay; times are milliseconds since the epoch. */
export interface Account {
  username: string;
  createdAt: number;
  /** When its owner last proved that the profile is theirs. */
  verifiedAt: number;
  /** When it was last seen online; absent when it never was. */
  lastOnlineAt?: number;
  /** Since when the operator blocks it; absent when it is not blocked. */
  blockedAt?: number;
  /** Why, in the operator's words; absent where they gave none. */
  blockedReason?: string;
  preferences: Preferences;
}

/** A name that the operator blocked, with or without an account. */
export interface BlockedName {
  username: string;
  blockedAt: number;
  blockedReason?: string;
}

/** Options of {@linkcode AccountStore.release}. */
export interface ReleaseOptions {
  /** Where its owner asks for it: nothing is done unless it is the account's. */
  token?: string | undefined;
  /** How long the name rests from now on, milliseconds. @default {0} not at all */
  restMs?: number;
}

/**
 * The accounts whose users want no page of the relay's (`offlinePage` is `none`).
 *
 * In memory, and as the store has it: a visitor is asked for on a way where nobody may wait for the
 * store, and where it must not matter whether that can be read.
 */
export interface HiddenNames {
  has(username: string): boolean;
}

/**
 * The accounts and the blocked names. Rejects as the `Store` does.
 *
 * Where a method takes a token, it acts for that token's account as long as that is what it is: a
 * token that was replaced, or whose name was released, does nothing from then on.
 */
export interface AccountStore {
  /**
   * Whose token this is: undefined alike for a malformed, an unknown and a replaced one.
   *
   * A blocked account is returned; refusing it is the caller's part.
   */
  byToken(token: string): Promise<Account | undefined>;
  /** The account of a name; undefined where there is none, be the name blocked or not. */
  byUsername(username: string): Promise<Account | undefined>;
  /**
   * Changes those preferences that are given, as plain text, of the token's account.
   *
   * @returns the account as it is then, undefined when the token is nobody's; a blocked one is as it was.
   */
  setPreferences(token: string, changes: Partial<Preferences>): Promise<Account | undefined>;
  /**
   * Deletes the account, its preferences and so its token; drops its pending orders and hides the
   * others from the name's next owner. A block on the name stays.
   *
   * @param trace noted with it.
   * @returns false if there was none.
   */
  release(username: string, trace: Trace, options?: ReleaseOptions): Promise<boolean>;
  /**
   * Blocks or unblocks a name, whether it has an account or not. Blocking twice changes nothing but the
   * reason, where another is given.
   *
   * @param trace noted with it, where it changes anything; its reason is kept as the block's.
   * @returns whether it changed anything.
   */
  setBlocked(username: string, blocked: boolean, trace: Trace): Promise<boolean>;
  /** Whether a name is blocked, be there an account or not. */
  isBlocked(username: string): Promise<boolean>;
  /** The block of a name, be there an account or not; undefined where it is not blocked. */
  blockOf(username: string): Promise<BlockedName | undefined>;
  /** Which of these names have an account and are not blocked, asked at once. */
  visitable(usernames: readonly string[]): Promise<ReadonlySet<string>>;
  /** How many accounts and how many blocked names there are. */
  counts(): Promise<{ total: number; blocked: number }>;
  /** All accounts by name. */
  list(): Promise<Account[]>;
  /** All blocked names, by name, also those without an account. */
  listBlocked(): Promise<BlockedName[]>;
  /** Who wants no page, kept up until the store is closed. */
  hiddenNames(): Promise<HiddenNames>;
}
