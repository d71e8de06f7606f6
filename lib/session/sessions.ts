import type { Schedule } from "../net/schedule.ts";
import { ComingBack } from "./coming_back.ts";
import type { Session } from "./session.ts";

/** What becomes of a user: comes online, leaves and may come back within moments, or is not awaited any more. */
export type PresenceChange = "online" | "left" | "gone";

/** Options for {@linkcode Sessions}. */
export interface SessionsOptions {
  /** Clock in milliseconds that never goes back. @default {performance.now} */
  now?: () => number;
  /** @default {setTimeout} */
  schedule?: Schedule;
  /** Told when a user comes online, leaves, and once nobody waits for them any more. */
  onChange?: (username: string, change: PresenceChange) => void;
  /** What visitors meet users by who are online at another relay of BASE. @default nobody is */
  elsewhere?: (username: string) => Session | undefined;
  /** Resolves once `elsewhere` knows who has come to another relay by now. @default it does */
  catchUp?: () => Promise<void>;
}

/** Who is online: at most one session a user. */
export class Sessions {
  /** Users whose session ended a moment ago. */
  readonly comingBack: ComingBack<Session>;
  readonly #online = new Map<string, Session>();
  readonly #onChange: (username: string, change: PresenceChange) => void;
  readonly #elsewhere: (username: string) => Session | undefined;
  readonly #catchUp: (() => Promise<void>) | undefined;
  #stopped = false;

  constructor(
    { onChange = () => {}, elsewhere = () => undefined, catchUp, ...clock }: SessionsOptions = {},
  ) {
    this.#onChange = onChange;
    this.#elsewhere = elsewhere;
    this.#catchUp = catchUp;
    this.comingBack = new ComingBack({
      ...clock,
      onGone: (username) => onChange(username, "gone"),
    });
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

  /** How many of them say that their way to the data port fails. */
  get unreachable(): number {
    let count = 0;
    for (const session of this.#online.values()) if (session.unreachable) count++;
    return count;
  }

  /** Names of the users online. */
  usernames(): IterableIterator<string> {
    return this.#online.keys();
  }

  /** The user's session. */
  get(username: string): Session | undefined {
    return this.#online.get(username);
  }

  /** What a visitor meets the user by: the session here, else one at another relay. */
  reach(username: string): Session | undefined {
    return this.#online.get(username) ?? this.#elsewhere(username);
  }

  /** What became of a user at another process: whoever waits for them here need not any longer, or does from now on. */
  changedElsewhere(username: string, change: PresenceChange): void {
    if (change === "left") return this.await(username);
    if (change === "gone") return this.comingBack.forget(username);
    const isWaitedFor = this.comingBack.isWaitedFor(username);
    this.comingBack.arrived(username, isWaitedFor ? this.#elsewhere(username) : undefined);
  }

  /** Puts the user online with this session and returns the one that it replaces, still open. */
  add(session: Session): Session | undefined {
    const { username } = session;
    const previous = this.#online.get(username);
    this.#online.set(username, session);
    this.comingBack.arrived(username, session);
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
    if (!this.#online.has(username)) this.comingBack.add(username, awayMs);
  }

  /** The relay stops: who comes back does not come back here, and nobody needs to wait for it. */
  stop(): void {
    this.#stopped = true;
    this.comingBack.endWaits();
  }

  /** Whether the user would be waited for if the relay did not stop. */
  isCutShort(username: string): boolean {
    return this.#stopped && this.comingBack.has(username);
  }

  /**
   * The user's session, after a wait for it if one ended a moment ago, or for the news of other relays.
   *
   * @param signal ends the wait when the visitor is gone.
   */
  async find(username: string, signal?: AbortSignal): Promise<Session | undefined> {
    const session = this.reach(username);
    if (session !== undefined || signal?.aborted) return session;
    if (this.#stopped) return undefined;
    if (this.comingBack.has(username)) return await this.comingBack.wait(username, signal);
    await this.#catchUp?.();
    return this.reach(username);
  }
}
