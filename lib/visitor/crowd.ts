import { type Place, Places } from "../net/places.ts";
import type { Seat } from "../net/roll.ts";
import { Multimap } from "./multimap.ts";

/** Silence after which a visitor gives way to anybody whose network has no more than theirs. */
export const IDLE_MS = 60_000;

/** A visitor of a user who has a place. */
export interface Guest {
  /** What limits by address count them in, narrowest first; empty where they are not limited. */
  readonly groups: readonly string[];
  /** Given back at their end. */
  place: Place;
  /** When anything last passed, milliseconds that never go back; not the end of a wait. */
  lastHeardAt: number;
  /** Where they are among the others; the crowd's to set. */
  seat?: Seat<Guest>;
  /** Ends their connection: somebody else has their place from now on. */
  giveWay(): void;
}

/** Options for {@linkcode Crowd}. */
export interface CrowdOptions {
  /** Visitors of all users. */
  total: number;
  /** Visitors of one user; a function is asked for each. */
  perUser: number | ((username: string) => number);
  /** Clock in milliseconds that never goes back. @default {performance.now} */
  now?: () => number;
}

/**
 * The visitors of all users, and who gives way when there are too many.
 *
 * Users share the places as {@linkcode Places} has it. A user's places are shared between networks:
 * when all are taken, the network with the most (/48 or /24, then within it) gives one to a newcomer of
 * a network that has fewer, and so do all visitors together when the relay's are taken. It is the
 * connection that was silent for the longest. Where no network has more than the newcomer's, only one
 * that was silent for {@linkcode IDLE_MS} gives way.
 */
export class Crowd {
  readonly #places: Places;
  readonly #guests = new Multimap<string, Guest>();
  readonly #now: () => number;

  constructor({ total, perUser, now = () => performance.now() }: CrowdOptions) {
    this.#places = new Places({ total, perKey: perUser });
    this.#now = now;
  }

  /** Places in all. */
  get total(): number {
    return this.#places.total;
  }

  /** Places in use. */
  get used(): number {
    return this.#places.used;
  }

  /** Takes a place for a visitor of a user with these groups; undefined when nobody gives way. */
  take(username: string, groups: readonly string[]): Place | undefined {
    const free = this.#places.take(username);
    if (free !== undefined) return free;
    const theirs = this.#guests.get(username);
    const oneOfTheirs = choose(theirs, groups, this.#now() - IDLE_MS);
    if (oneOfTheirs !== undefined) {
      // Handed over: the user has as many as before.
      const { place } = oneOfTheirs;
      oneOfTheirs.place = NO_PLACE;
      this.#dismiss(username, oneOfTheirs);
      return place;
    }
    if (this.#places.usedBy(username) > 0 || this.#places.used < this.#places.total) {
      return undefined;
    }
    const all = [...this.#guests.entries()];
    const one = choose(all.map(([, guest]) => guest), groups, this.#now() - IDLE_MS);
    if (one === undefined) return undefined;
    one.place.leave();
    this.#dismiss(all.find(([, guest]) => guest === one)![0], one);
    return this.#places.take(username);
  }

  /** Counts a visitor among those who can give way; has its place by {@linkcode Crowd.take}. */
  add(username: string, guest: Guest): void {
    guest.seat = this.#guests.add(username, guest);
  }

  /** Counts them no more; their place stays theirs. */
  remove(username: string, guest: Guest): void {
    if (guest.seat !== undefined) this.#guests.delete(username, guest.seat);
  }

  #dismiss(username: string, guest: Guest): void {
    this.remove(username, guest);
    guest.giveWay();
  }
}

/** In the place of one that was handed over. */
const NO_PLACE: Place = { assign: () => false, leave() {} };

/**
 * Who of the guests gives way to a newcomer with these groups.
 *
 * @param idleSince who was heard before this gives way to anybody with no more than they.
 */
function choose(
  guests: Guest[],
  newcomer: readonly string[],
  idleSince: number,
): Guest | undefined {
  const widest = byGroup(guests, 1);
  const own = widest.get(newcomer.at(-1))?.length ?? 0;
  let among = guests;
  for (let level = 1; level <= Math.max(1, newcomer.length) && among.length > 0; level++) {
    const groups = byGroup(among, level);
    const mine = groups.get(newcomer.at(-level)) ?? [];
    const largest = largestOf(groups);
    // One fewer would still be no fewer than the newcomer's are then: else the two would take turns.
    if (largest.length >= mine.length + 2) return longestIdle(narrowed(largest, level));
    among = mine;
  }
  const idle = guests.filter((guest) =>
    guest.lastHeardAt < idleSince && widest.get(guest.groups.at(-1))!.length >= own
  );
  return longestIdle(idle);
}

/** Guests by their group of a level, 1 for the widest; undefined for those that are not limited. */
function byGroup(guests: Guest[], level: number): Map<string | undefined, Guest[]> {
  return Map.groupBy(guests, ({ groups }) => groups.at(-level));
}

function largestOf(groups: Map<string | undefined, Guest[]>): Guest[] {
  let largest: Guest[] = [];
  for (const guests of groups.values()) if (guests.length > largest.length) largest = guests;
  return largest;
}

/** The largest group within a group of a level, down to the narrowest. */
function narrowed(guests: Guest[], level: number): Guest[] {
  const depth = Math.max(...guests.map(({ groups }) => groups.length));
  let among = guests;
  for (let next = level + 1; next <= depth; next++) among = largestOf(byGroup(among, next));
  return among;
}

function longestIdle(guests: Guest[]): Guest | undefined {
  let longest: Guest | undefined;
  for (const guest of guests) {
    if (longest === undefined || guest.lastHeardAt < longest.lastHeardAt) longest = guest;
  }
  return longest;
}
