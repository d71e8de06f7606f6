import { type Schedule, scheduleTimeout } from "../net/schedule.ts";
import type { Session } from "./session.ts";

/** How long after its end a session counts as coming back. */
export const RECENT_MS = 30_000;

/** How long a visitor waits for a session that counts as coming back. */
export const GRACE_MS = 5_000;

/** Options for {@linkcode Sessions}. */
export interface SessionsOptions {
  /** Clock in milliseconds that never goes back. @default {performance.now} */
  now?: () => number;
  /** @default {setTimeout} */
  schedule?: Schedule;
  /** Told when a user comes online, leaves, and once nobody waits for them any more. */
  onChange?: (username: string, change: "online" | "left" | "gone") => void;
}

/** Who is online: at most one session a user. */
export class Sessions {
  readonly #online = new Map<string, Session>();
  /** When users dropped off, by name, oldest first. */
  readonly #dropped = new Map<string, number>();
  readonly #waiting = new Map<string, Set<(session: Session | undefined) => void>>();
  readonly #now: () => number;
  readonly #schedule: Schedule;
  readonly #onChange: (username: string, change: "online" | "left" | "gone") => void;
  #stopped = false;

  constructor(options: SessionsOptions = {}) {
    this.#now = options.now ?? (() => performance.now());
    this.#schedule = options.schedule ?? scheduleTimeout;
    this.#onChange = options.onChange ?? (() => {});
  }

  /** Users online. */
  get size(): number {
    return this.#online.size;
  }

  /** Data connections parked by all of them. */
  get parked(): number {
    let sum = 0;
    for (const session of this.#online.values()) sum += session.parked;
    return sum;
  }

  /** How many of them say that they cannot reach the data port. */
  get unreachable(): number {
    let count = 0;
    for (const session of this.#online.values()) if (session.unreachable) count++;
    return count;
  }

  /** Names of the users online. */
  usernames(): IterableIterator<string> {
    return this.#online.keys();
  }

  /** Names of the users who count as coming back. */
  awaited(): string[] {
    this.forgetOld();
    return [...this.#dropped.keys()];
  }

  /** Names of the users whom visitors wait for. */
  waitedFor(): string[] {
    return [...this.#waiting.keys()];
  }

  /** The user's session. */
  get(username: string): Session | undefined {
    return this.#online.get(username);
  }

  /** Puts the user online with this session and returns the one that it replaces, still open. */
  add(session: Session): Session | undefined {
    const { username } = session;
    const previous = this.#online.get(username);
    this.#online.set(username, session);
    this.#dropped.delete(username);
    this.#wake(username, session);
    this.#onChange(username, "online");
    return previous;
  }

  /**
   * Takes the session off if it is still the user's.
   *
   * @param comingBack whether visitors wait a while for the next one.
   */
  remove(session: Session, comingBack: boolean): void {
    const { username } = session;
    if (this.#online.get(username) !== session) return;
    this.#online.delete(username);
    this.#onChange(username, "left");
    if (comingBack) this.await(username);
    else this.#onChange(username, "gone");
  }

  /**
   * Counts a user as coming back; one who is online is there already.
   *
   * @param awayMs how long they have been away by now; of several the longest first.
   */
  await(username: string, awayMs = 0): void {
    this.forgetOld();
    if (this.#online.has(username)) return;
    this.#dropped.delete(username);
    this.#dropped.set(username, this.#now() - awayMs);
  }

  /** The user will not come back: visitors need not wait. */
  forget(username: string): void {
    if (this.#dropped.delete(username)) this.#onChange(username, "gone");
    this.#wake(username, undefined);
  }

  /** The relay stops: who comes back does not come back here, and nobody needs to wait for it. */
  stop(): void {
    this.#stopped = true;
    for (const username of [...this.#waiting.keys()]) this.#wake(username, undefined);
  }

  /** Whether the user would be waited for if the relay did not stop. */
  isCutShort(username: string): boolean {
    return this.#stopped && this.#isComingBack(username);
  }

  /**
   * The user's session, waiting for it up to {@linkcode GRACE_MS} if one ended a moment ago.
   *
   * @param signal ends the wait when the visitor is gone.
   */
  async find(username: string, signal?: AbortSignal): Promise<Session | undefined> {
    const session = this.#online.get(username);
    if (session !== undefined || signal?.aborted) return session;
    if (this.#stopped || !this.#isComingBack(username)) return undefined;
    const { promise, resolve } = Promise.withResolvers<Session | undefined>();
    const waiting = this.#waiting.get(username) ?? new Set();
    this.#waiting.set(username, waiting.add(resolve));
    const giveUp = (): void => resolve(undefined);
    const callOff = this.#schedule(giveUp, GRACE_MS);
    signal?.addEventListener("abort", giveUp, { once: true });
    const found = await promise;
    callOff();
    signal?.removeEventListener("abort", giveUp);
    waiting.delete(resolve);
    if (waiting.size === 0 && this.#waiting.get(username) === waiting) {
      this.#waiting.delete(username);
    }
    return found;
  }

  #isComingBack(username: string): boolean {
    const since = this.#dropped.get(username);
    return since !== undefined && this.#now() - since < RECENT_MS;
  }

  #wake(username: string, session: Session | undefined): void {
    const waiting = this.#waiting.get(username);
    this.#waiting.delete(username);
    for (const resolve of waiting ?? []) resolve(session);
  }

  /** Keeps the table as small as the number of users who dropped off within the last moments. */
  forgetOld(): void {
    for (const [username, since] of this.#dropped) {
      if (this.#now() - since < RECENT_MS) return;
      this.#dropped.delete(username);
      this.#onChange(username, "gone");
    }
  }
}
