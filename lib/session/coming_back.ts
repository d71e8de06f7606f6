import { type Schedule, scheduleTimeout } from "../net/schedule.ts";

/** How long after its end a session counts as coming back. */
export const RECENT_MS = 30_000;

/** How long a visitor waits for a session that counts as coming back. */
export const GRACE_MS = 5_000;

/** Options for {@linkcode ComingBack}. */
export interface ComingBackOptions {
  /** Clock in milliseconds that never goes back. @default {performance.now} */
  now?: () => number;
  /** @default {setTimeout} */
  schedule?: Schedule;
  /** Told once nobody waits for a user any more who did not come. */
  onGone: (username: string) => void;
}

/**
 * Users whose session ended a moment ago, and the visitors who wait for their next one (PROTOCOL
 * section 4).
 */
export class ComingBack<Session> {
  /** When users dropped off, by name, oldest first. */
  readonly #dropped = new Map<string, number>();
  readonly #waiting = new Map<string, Set<(session: Session | undefined) => void>>();
  readonly #now: () => number;
  readonly #schedule: Schedule;
  readonly #onGone: (username: string) => void;

  constructor({ now, schedule, onGone }: ComingBackOptions) {
    this.#now = now ?? (() => performance.now());
    this.#schedule = schedule ?? scheduleTimeout;
    this.#onGone = onGone;
  }

  /** Names of these users. */
  usernames(): string[] {
    this.forgetOld();
    return [...this.#dropped.keys()];
  }

  /** Whether visitors wait for the user. */
  isWaitedFor(username: string): boolean {
    return this.#waiting.has(username);
  }

  /** Whether the user is one of them. */
  has(username: string): boolean {
    const since = this.#dropped.get(username);
    return since !== undefined && this.#now() - since < RECENT_MS;
  }

  /**
   * Counts a user among them.
   *
   * @param awayMs how long they have been away by now; of several the longest first.
   */
  add(username: string, awayMs: number): void {
    this.forgetOld();
    this.#dropped.delete(username);
    this.#dropped.set(username, this.#now() - awayMs);
  }

  /** Who waits for the user gets this session; undefined where nobody does. */
  arrived(username: string, session: Session | undefined): void {
    this.#dropped.delete(username);
    this.#wake(username, session);
  }

  /** The user will not come back: visitors need not wait. */
  forget(username: string): void {
    if (this.#dropped.delete(username)) this.#onGone(username);
    this.#wake(username, undefined);
  }

  /** Nobody needs to wait any longer, for any of them. */
  endWaits(): void {
    for (const username of [...this.#waiting.keys()]) this.#wake(username, undefined);
  }

  /**
   * Waits for the user's next session, up to {@linkcode GRACE_MS}.
   *
   * @param signal ends the wait when the visitor is gone.
   */
  async wait(username: string, signal?: AbortSignal): Promise<Session | undefined> {
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

  /** Keeps the table as small as the number of users who dropped off within the last moments. */
  forgetOld(): void {
    for (const [username, since] of this.#dropped) {
      if (this.#now() - since < RECENT_MS) return;
      this.#dropped.delete(username);
      this.#onGone(username);
    }
  }

  #wake(username: string, session: Session | undefined): void {
    const waiting = this.#waiting.get(username);
    this.#waiting.delete(username);
    for (const resolve of waiting ?? []) resolve(session);
  }
}
