import type { IdleWatch } from "../net/idle_watch.ts";
import { closeQuietly, type Duplex, splice, type SpliceResult } from "../net/splice.ts";

/** Visitors that are joined with their clients, by username. */
export class Joined {
  readonly #visitors = new Map<string, Set<Duplex>>();
  readonly #idle: IdleWatch | undefined;

  /** @param idle ends those who are silent for too long. @default nobody */
  constructor(idle?: IdleWatch) {
    this.#idle = idle;
  }

  /** Visitors of all users. */
  get size(): number {
    let sum = 0;
    for (const visitors of this.#visitors.values()) sum += visitors.size;
    return sum;
  }

  /** Visitors of this user. */
  of(username: string): number {
    return this.#visitors.get(username)?.size ?? 0;
  }

  /** Closes the connections of a user's visitors. */
  drop(username: string): void {
    for (const conn of this.#visitors.get(username) ?? []) closeQuietly(conn);
  }

  /** Passes bytes between the two until they parted; closes both. Never rejects. */
  async join(username: string, visitor: Duplex, client: Duplex): Promise<SpliceResult> {
    const visitors = this.#visitors.get(username) ?? new Set();
    this.#visitors.set(username, visitors.add(visitor));
    const result = await splice(visitor, client, { idle: this.#idle });
    visitors.delete(visitor);
    if (visitors.size === 0 && this.#visitors.get(username) === visitors) {
      this.#visitors.delete(username);
    }
    return result;
  }
}
