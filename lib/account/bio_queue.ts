import { type Place, Places } from "../net/places.ts";
import { type Schedule, scheduleTimeout } from "../net/schedule.ts";
import type { BioResult } from "./bio_command.ts";

/** How long "no such profile" is remembered: somebody who asks again and again is not read for. */
export const NOT_FOUND_MS = 3_000;

/** Names without a profile that are remembered. */
const MAX_NOT_FOUND = 1_000;

/** What asking for a profile came to, and whether the script ran for it. */
export type BioAnswer =
  | BioResult & { ran: boolean }
  /** It had no turn. */
  | { state: "busy"; ran: false };

/** Options for {@linkcode BioQueue}. */
export interface BioQueueOptions {
  /** Runs the script; must not reject. */
  run: (username: string) => Promise<BioResult>;
  /** Groups that limits count an address in, narrowest first; none where it is not limited. */
  addressGroups: (address: string) => readonly string[];
  /** How many scripts run at the same time. @default {4} */
  maxAtOnce?: number;
  /** How many requests there may be, those that the script runs for included. @default {36} */
  maxRequests?: number;
  /** How long a request may wait for its turn. @default {10_000} */
  waitMs?: number;
  /** Told of each request that had no turn. */
  onBusy?: (username: string) => void;
  /** Clock in milliseconds that never goes back. @default {performance.now} */
  now?: () => number;
  /** @default {scheduleTimeout} */
  schedule?: Schedule;
}

/** A request that waits for its turn. */
interface Waiting {
  username: string;
  groups: readonly string[];
  /** Ends the wait: the script runs for it. */
  start: () => void;
  settle: (answer: BioAnswer) => void;
}

/**
 * Gives requests for profiles their turns, fairly between networks.
 *
 * The network whose last turn is the longest ago is next (/48 or /24 first, then within it), and none
 * has more turns at once, or waits with more requests, than are free ({@linkcode Places}). One run at
 * a time reads a name: whoever asks for it meanwhile waits for the next, which all of them share. They
 * do not share the one under way, since the bio may have changed after it began.
 */
export class BioQueue {
  readonly #options: BioQueueOptions;
  readonly #turns: Places;
  readonly #places: Places;
  readonly #now: () => number;
  readonly #waiting = new Set<Waiting>();
  /** Names that are being read. */
  readonly #running = new Set<string>();
  /** The number of each group's last turn; only of groups that wait or run. */
  readonly #lastTurn = new Map<string, number>();
  /** Groups that wait or run, and how often. */
  readonly #present = new Map<string, number>();
  /** When to forget that a name has no profile, oldest first. */
  readonly #notFound = new Map<string, number>();
  #turn = 0;

  constructor(options: BioQueueOptions) {
    this.#options = options;
    this.#turns = new Places({ total: options.maxAtOnce ?? 4 });
    this.#places = new Places({ total: options.maxRequests ?? 36 });
    this.#now = options.now ?? (() => performance.now());
  }

  /** Requests that wait for their turn. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Reads a profile for somebody at an address. Never rejects. */
  ask(username: string, address: string): Promise<BioAnswer> {
    if (this.#isNotFound(username)) return Promise.resolve({ state: "not-found", ran: false });
    const groups = this.#options.addressGroups(address);
    const place = this.#places.take(...groups);
    if (place === undefined) return Promise.resolve(this.#busy(username));
    const { promise, resolve } = Promise.withResolvers<BioAnswer>();
    this.#enqueue(username, groups, place, resolve);
    this.#next();
    return promise;
  }

  #enqueue(
    username: string,
    groups: readonly string[],
    place: Place,
    resolve: (answer: BioAnswer) => void,
  ): void {
    const { schedule = scheduleTimeout, waitMs = 10_000 } = this.#options;
    const callOff = schedule(() => {
      request.start();
      request.settle(this.#busy(username));
    }, waitMs);
    const request: Waiting = {
      username,
      groups,
      start: () => {
        callOff();
        this.#waiting.delete(request);
        this.#leave(groups);
      },
      settle: (answer) => {
        place.leave();
        resolve(answer);
      },
    };
    this.#waiting.add(request);
    this.#come(groups);
  }

  #busy(username: string): BioAnswer {
    this.#options.onBusy?.(username);
    return { state: "busy", ran: false };
  }

  /** Starts as many runs as there are turns for. */
  #next(): void {
    for (let started = true; started && this.#turns.used < this.#turns.total;) {
      started = false;
      for (const request of this.#inOrder()) {
        if (this.#running.has(request.username)) continue;
        const turn = this.#turns.take(...request.groups);
        if (turn === undefined) continue;
        this.#run(request, turn);
        // Each turn changes the order.
        started = true;
        break;
      }
    }
  }

  async #run({ username, groups }: Waiting, turn: Place): Promise<void> {
    this.#turn++;
    this.#come(groups);
    for (const group of groups) this.#lastTurn.set(group, this.#turn);
    this.#running.add(username);
    const shared = [...this.#waiting].filter((request) => request.username === username);
    for (const request of shared) request.start();
    const result = await this.#options.run(username);
    this.#running.delete(username);
    this.#leave(groups);
    turn.leave();
    if (result.state === "not-found") this.#noteNotFound(username);
    for (const request of shared) request.settle({ ...result, ran: true });
    this.#next();
  }

  /** Those who wait: whose networks had a turn the longest ago first, else in their order. */
  #inOrder(): Waiting[] {
    return [...this.#waiting].sort((a, b) => {
      for (let i = 1; i <= Math.max(a.groups.length, b.groups.length); i++) {
        const difference = this.#lastTurnOf(a, i) - this.#lastTurnOf(b, i);
        if (difference !== 0) return difference;
      }
      return 0;
    });
  }

  /** The last turn of its group, counted from the widest, 1. */
  #lastTurnOf({ groups }: Waiting, i: number): number {
    return this.#lastTurn.get(groups.at(-i) ?? "") ?? 0;
  }

  #come(groups: readonly string[]): void {
    for (const group of groups) this.#present.set(group, (this.#present.get(group) ?? 0) + 1);
  }

  #leave(groups: readonly string[]): void {
    for (const group of groups) {
      const left = this.#present.get(group)! - 1;
      if (left > 0) {
        this.#present.set(group, left);
      } else {
        this.#present.delete(group);
        this.#lastTurn.delete(group);
      }
    }
  }

  #noteNotFound(username: string): void {
    this.#notFound.delete(username);
    this.#notFound.set(username, this.#now() + NOT_FOUND_MS);
    const first = this.#notFound.keys().next().value!;
    if (this.#notFound.size > MAX_NOT_FOUND) this.#notFound.delete(first);
  }

  #isNotFound(username: string): boolean {
    const until = this.#notFound.get(username);
    if (until === undefined) return false;
    if (this.#now() < until) return true;
    this.#notFound.delete(username);
    return false;
  }
}
