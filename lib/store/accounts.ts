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

/**
 * How a user stands: online, or gone a moment ago and awaited, or not awaited.
 *
 * It is kept, since who was online when the relay stopped is awaited after its start.
 */
export type Attendance = "online" | "left" | "gone";

/** What is to be written of a user. */
export interface Seen {
  /** When they were last online, milliseconds since the epoch; absent: as before. */
  at?: number;
  /** As it is from now on; absent: as before. */
  attendance?: Attendance;
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
  preferences: Preferences;
}

/** A name that the operator blocked, with or without an account. */
export interface BlockedName {
  username: string;
  blockedAt: number;
}

/** The accounts and the blocked names. Every change is on disk when its promise resolves. */
export interface AccountStore {
  /**
   * Whose token this is: undefined alike for a malformed, an unknown and a replaced one.
   *
   * A blocked account is returned; refusing it is the caller's part.
   */
  byToken(token: string): Account | undefined;
  /** The account of a name; undefined where there is none, be the name blocked or not. */
  byUsername(username: string): Account | undefined;
  /**
   * Creates the account, or replaces its token, and returns the token: only its hash is kept. To be
   * called within {@linkcode Store.write}.
   */
  grantToken(username: string): string;
  /** Changes those preferences that are given, as plain text; without an account none. */
  setPreferences(username: string, changes: Partial<Preferences>): Promise<void>;
  /**
   * Deletes the account, its preferences and so its token; a block on the name stays. False if there
   * was none.
   *
   * @param also what else is to be deleted in the same transaction.
   */
  release(username: string, also?: () => void): Promise<boolean>;
  /** Blocks or unblocks a name, whether it has an account or not. Blocking twice changes nothing. */
  setBlocked(username: string, blocked: boolean): Promise<void>;
  isBlocked(username: string): boolean;
  /**
   * Notes when accounts were online and how they stand, all in one transaction; an older time than
   * the noted one changes nothing, nor does a name without an account.
   */
  markSeen(seen: ReadonlyMap<string, Seen>): Promise<void>;
  /**
   * Who was online when the relay stopped, after those who had left less than `recentMs` before now
   * and for how long they have been away by now. Blocked names are not among them.
   */
  listAwaited(recentMs: number): { username: string; awayMs?: number }[];
  /** How many accounts and how many blocked names there are. */
  counts(): { total: number; blocked: number };
  /** All accounts by name. */
  list(): Account[];
  /** All blocked names, by name, also those without an account. */
  listBlocked(): BlockedName[];
}
