import { UserCounters } from "./user_counters.ts";

/** Counts by word. */
export class Tally {
  readonly #counts = new Map<string, number>();

  /** Adds one to the word's count. */
  add(word: string): void {
    this.#counts.set(word, (this.#counts.get(word) ?? 0) + 1);
  }

  /** Every word that was counted, the most frequent first. */
  entries(): [word: string, count: number][] {
    return [...this.#counts].sort((a, b) => b[1] - a[1]);
  }
}

/**
 * What the relay counts on a visitor's way: each takes an addition, and the reading of them is left
 * to whoever asks.
 */
export class Counters {
  /** Visitors' connections that were served, by how they ended. */
  readonly visitors = new Tally();
  /** Visitors' connections that were refused, by the reason. */
  readonly refusals = new Tally();
  /** Data connections of clients that were refused, by the reason. */
  readonly dataRefusals = new Tally();
  /** Runs of the bio script, by their result. */
  readonly bios = new Tally();
  /**
   * Visitors that met a client over a connection that was parked, or after asking for one; `replaced`
   * are those of the former whose connection was dead, so that another took its place.
   */
  readonly joins = { parked: 0, dialled: 0, replaced: 0 };
  /** By user, where they are to be told. */
  readonly users: UserCounters;
  /** Bytes passed between visitors and clients that have parted. */
  readonly bytes = { toClients: 0, toVisitors: 0 };
  /** Bytes of data connections taken on to where their tickets are good, another relay or process; both ways. */
  hopBytes = 0;

  /** @param maxUsers how many users are told one by one. */
  constructor(maxUsers = 0) {
    this.users = new UserCounters(maxUsers);
  }

  /** Counts the end of a visitor's connection, and whether the visitor was served. */
  outcome(outcome: string, served: boolean): void {
    (served ? this.visitors : this.refusals).add(outcome);
  }
}
