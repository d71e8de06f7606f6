import type { Instruments } from "./instruments.ts";

/** In the place of a username, which has no underscore: all whose own label there is no room for. */
const OTHERS = "_other";

/** Counts of one user, or of all others. */
interface Counts {
  visitors: number;
  bytes: number;
}

/**
 * Counts by user for the metrics, with a bound on their labels: the first users who have a visitor get one
 * each, and whoever comes after these counts with the others, so that no counter ever falls.
 */
export class UserCounters {
  readonly #max: number;
  readonly #counts = new Map<string, Counts>();

  /** @param max labels, besides that of the others; 0: nothing is counted. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Whether anything is counted. */
  get enabled(): boolean {
    return this.#max > 0;
  }

  /** Counts a visitor who met the user's client. */
  visited(username: string): void {
    if (this.enabled) this.#of(username).visitors++;
  }

  /** Counts bytes that passed, both ways. */
  passed(username: string, bytes: number): void {
    if (this.enabled) this.#of(username).bytes += bytes;
  }

  /** Values of one kind by label. */
  entries(kind: keyof Counts): [label: string, count: number][] {
    return [...this.#counts].map(([label, counts]) => [label, counts[kind]]);
  }

  #of(username: string): Counts {
    const known = this.#counts.get(username);
    if (known !== undefined) return known;
    const label = this.#counts.size - Number(this.#counts.has(OTHERS)) < this.#max
      ? username
      : OTHERS;
    const counts = this.#counts.get(label) ?? { visitors: 0, bytes: 0 };
    this.#counts.set(label, counts);
    return counts;
  }
}

/** Adds them to the metrics. */
export function addUserCounters(to: Instruments, users: UserCounters): void {
  to.counter({
    name: "glossond_user_visitors_total",
    help: "Visitors that met a client, by user; _other: users without a label of their own",
    label: "user",
    read: () => users.entries("visitors"),
  });
  to.counter({
    name: "glossond_user_bytes_total",
    help: "Bytes passed between visitors and a client both ways, by user",
    label: "user",
    read: () => users.entries("bytes"),
  });
}
