import type { Trace } from "./acts.ts";

/**
 * A released name that rests: nobody but the profile that had it can have it. Where it is not known which
 * that was, any profile of the name counts as it: its user may come back.
 */
export interface Rest {
  username: string;
  /** Milliseconds since the epoch. */
  until: number;
}

/** The names that rest; a rest that is over is none. Rejects as the `Store` does. */
export interface RestStore {
  /** The rest of a name; undefined where it does not rest. */
  of(username: string): Promise<Rest | undefined>;
  /** All of them by name. */
  list(): Promise<Rest[]>;
  /** Ends a rest before its time; false where there was none. @param trace noted with it. */
  end(username: string, trace: Trace): Promise<boolean>;
}
