/** How the profile stands that a user proved their name by. */
export type ProfileState =
  | "there"
  | "gone"
  /** There is one of that name, which is not the one that proved it. */
  | "another";

/** What was seen of a user's profile when it was looked for last. */
export interface SeenProfile {
  state: ProfileState;
  /** Since when it stands so, milliseconds since the epoch. */
  since: number;
  /** When it was looked for last. */
  checkedAt: number;
}

/** What looking for a profile came to. */
export type ProfileLook =
  | {
    found: true;
    /** What tells it from others of the same name; absent where nothing does. */
    profileId?: string | undefined;
  }
  | { found: false };

/**
 * Which users' profiles are looked for again, by the clock that all relays on the store share, and what was seen.
 * Rejects as the `Store` does.
 */
export interface ProfileStore {
  /**
   * Whose profile is to be looked for: the user whose turn has come the longest ago; undefined where none
   * has. It comes `periodMs` after the name was proved, and when {@linkcode ProfileStore.note} says; what lies
   * further ahead than that was noted while the clock was ahead, and counts for nothing.
   */
  next(periodMs: number): Promise<string | undefined>;
  /**
   * Notes what was seen just now, and in how many milliseconds the next turn is.
   *
   * @returns how it stands, and whether it stood otherwise before; undefined where there is no account.
   */
  note(
    username: string,
    look: ProfileLook,
    dueMs: number,
  ): Promise<{ state: ProfileState; changed: boolean } | undefined>;
  /** Nothing could be seen: only the next turn is noted. */
  postpone(username: string, dueMs: number): Promise<void>;
  /** What was seen since the name was proved last; undefined where it was not looked for. */
  of(username: string): Promise<SeenProfile | undefined>;
}
