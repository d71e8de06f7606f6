/** What visitors did at a user's, counted up. */
export interface Passed {
  /** Visitors who met the user's client. */
  visitors: number;
  /** Those of them for whom the client was asked for a connection. */
  dialled: number;
  bytesToClient: number;
  bytesToVisitors: number;
  /** When somebody last came, milliseconds since the epoch; absent when nobody did. */
  lastVisitAt?: number;
}

/** What is known of a user's visitors since the account was made. */
export interface UserFigures extends Passed {
  /** Bytes both ways on the newest day on which any passed. */
  day: Day;
}

/** A day's bytes. */
export interface Day {
  /** Of UTC, counted from the epoch. */
  day: number;
  bytes: number;
}

/** What passed on a day, as whoever counted it has it written together. */
export interface Batch {
  /** Who counted it: a UUID, another one after each start. */
  writer: string;
  /** Greater than that of the batch that `writer` had written before. */
  number: number;
  /** Of UTC, counted from the epoch. */
  day: number;
  /** By username. */
  passed: ReadonlyMap<string, Passed>;
}

/** Figures of users; they end with the account. Rejects as the `Store` does. */
export interface FigureStore {
  /**
   * Adds a batch, all or none of it, and once, however often it is written: where the answer is lost, it may have
   * been taken. A name without an account is left out.
   */
  add(batch: Batch): Promise<void>;
  /** A user's; undefined when nothing is known of them. */
  of(username: string): Promise<UserFigures | undefined>;
  /** Bytes of that day, by username; who had none is left out. */
  bytesOn(day: number): Promise<Map<string, number>>;
}
