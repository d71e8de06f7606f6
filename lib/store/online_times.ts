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

/** Somebody who is awaited after a start. */
export interface Awaited {
  username: string;
  /** For how long they have been away, milliseconds; absent when they were online at the stop. */
  awayMs?: number;
}

/** When users were online, and who was when the relay stopped. Rejects as the `Store` does. */
export interface OnlineTimes {
  /**
   * Notes when accounts were online and how they stand, all or none; an older time than the noted one
   * changes nothing, nor does a name without an account.
   *
   * @param seen read once it can be written: a name that is deleted from it before is left out.
   */
  markSeen(seen: ReadonlyMap<string, Seen>): Promise<void>;
  /**
   * Who was online when the relay stopped, after those who had left less than `recentMs` before now
   * and for how long they have been away by now. Blocked names are not among them.
   */
  listAwaited(recentMs: number): Promise<Awaited[]>;
}
