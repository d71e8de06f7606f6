/** Who did something to the relay or to a name, and why. */
export interface Trace {
  /** The operator by a command, the name's own user by the API, or who sent the relay a signal. */
  by: "operator" | "user" | "signal";
  /** User ID that the operator's command ran as, as told by the command. */
  uid?: number;
  /** User ID of whoever called it by sudo. */
  sudoUid?: number;
  /** The operator's words. */
  reason?: string;
}

/** What was done. */
export type ActWord = "block" | "unblock" | "release" | "end-rest" | "limit" | "restore" | "reload";

/** Something that was done, and who did it. */
export interface Act extends Trace {
  /** Milliseconds since the epoch. */
  at: number;
  act: ActWord;
  /** Absent where it is about the whole relay. */
  username?: string;
  /** What of it, where the act alone does not tell. */
  detail?: string;
}

/**
 * What was done by the operator, and by users to their own names; those of an account are written
 * in one step with what they tell of. Rejects as the `Store` does.
 *
 * The last 10,000 of users and the last 10,000 of all others are kept: users can push out each other's
 * only.
 */
export interface ActStore {
  /** Notes an act that changes nothing in the store. */
  note(act: Omit<Act, "at">): Promise<void>;
  /** All, or those of a name, the oldest first. */
  list(username?: string): Promise<Act[]>;
}
