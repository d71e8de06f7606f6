import type { Trace } from "./acts.ts";

/** How much of a user's visitors there may be; what is absent is as the settings have it. */
export interface Limits {
  /** Visitors' connections at once. */
  connections?: number;
  /** Bytes both ways on a day of UTC; 0: any number. */
  bytesPerDay?: number;
}

/** The limits that single users have; they end with the account. Rejects as the `Store` does. */
export interface LimitStore {
  /** Those of all who have any, or of these users, by username. */
  all(usernames?: readonly string[]): Promise<Map<string, Limits>>;
  of(username: string): Promise<Limits>;
  /**
   * Changes what is given; null: as the settings have it.
   *
   * @param trace noted with it.
   * @returns the limits as they are then; undefined where there is no such account.
   */
  set(
    username: string,
    changes: { [Name in keyof Limits]?: number | null },
    trace: Trace,
  ): Promise<Limits | undefined>;
}
