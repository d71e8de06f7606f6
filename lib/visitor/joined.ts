import { closeQuietly, type Duplex } from "../net/splice.ts";

/** Visitors that are joined with their clients, by username. */
export class Joined {
  readonly #visitors = new Map<string, Set<Duplex>>();

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

  /** Counts a visitor from now on. */
  add(username: string, visitor: Duplex): void {
    const visitors = this.#visitors.get(username);
    if (visitors === undefined) this.#visitors.set(username, new Set([visitor]));
    else visitors.add(visitor);
  }

  /** Counts a visitor no more. */
  remove(username: string, visitor: Duplex): void {
    const visitors = this.#visitors.get(username);
    visitors?.delete(visitor);
    if (visitors?.size === 0) this.#visitors.delete(username);
  }
}
