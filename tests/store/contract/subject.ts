import type { Store } from "../../../lib/store/store.ts";

/** A store under test. */
export interface Subject {
  /** Its changes wait for a lock of another program for less than a second. */
  store: Store;
  /** What it goes by, milliseconds since the epoch. */
  clock: { now: number };
  /** Opens another store on what this one kept, which stays open. */
  reopen(): Promise<Store>;
  /** Has another program hold the lock that changes need. */
  lock(): Promise<AsyncDisposable>;
  /** Why the engine may refuse every change of more than a few bytes, and what brings that about. */
  faults: Record<string, () => Promise<AsyncDisposable>>;
}

/** Runs a test with a new store. */
export type WithSubject = (use: (subject: Subject) => Promise<void>) => Promise<void>;

/** Registers a test. */
export type Holds = (what: string, use: (subject: Subject) => Promise<void>) => void;
