import { type Schedule, scheduleTimeout } from "../net/schedule.ts";
import type { Log } from "../log.ts";
import type { PresenceChange } from "../session/sessions.ts";
import type { Arrival, ClusterEngine, Departure } from "./engine.ts";
import { Pace } from "../net/pace.ts";

/** When to try again what the engine did not take. */
const RETRY_MS = 1_000;

/** Most names in one write. */
export const BATCH = 1_000;

/** A session at this relay, as the others know it. */
type Own =
  /** They do not, as far as this relay does; `since` is when it began, by the clock of the options. */
  | { state: "new"; since: number }
  /** It began at the process before: whether they know it, and which of two is the newer, nobody here can tell. */
  | { state: "adopted" }
  | { state: "known"; epoch: number };

/** Options for {@linkcode Announcer}. */
export interface AnnouncerOptions {
  engine: Pick<ClusterEngine, "announce" | "join">;
  /** Told a user whose session here is older than one elsewhere. */
  onOutdated: (username: string) => void;
  log: Log;
  /** Clock in milliseconds that never goes back. @default {performance.now} */
  now?: () => number;
  /** @default {setTimeout} */
  schedule?: Schedule;
}

/**
 * Makes known to the other relays who comes and goes at this one: one write at a time, of all that
 * happened during the one before, and where many come of all that happens for a moment longer. What cannot be written is kept until it can.
 */
export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #now: () => number;
  readonly #own = new Map<string, Own>();
  /** Names of `#own` to be announced. */
  readonly #arrived = new Set<string>();
  /** Names whose sessions here ended, and how. */
  readonly #departed = new Map<string, Departure["state"]>();
  #writing: Promise<void> | undefined;
  #callOffRetry: (() => void) | undefined;
  readonly #pace: Pace;
  /** Who waits until a user's session is told of, by name. */
  readonly #waiting = new Map<string, (() => void)[]>();
  #joined = false;
  #stopped = false;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#pace = new Pace(options);
  }

  /** The epoch of the user's session here; undefined when there is none, or it was not announced yet. */
  epochOf(username: string): number | undefined {
    const own = this.#own.get(username);
    return own?.state === "known" ? own.epoch : undefined;
  }

  /** Takes part from now on, where it does not yet, and tells of all sessions here. Rejects as the engine, and tells of nothing then. */
  async join(): Promise<void> {
    if (this.#joined) return;
    const adopted = [...this.#own].filter(([, { state }]) => state === "adopted");
    const epochs = await this.#options.engine.join(adopted.map(([username]) => username));
    this.#joined = true;
    for (const [username, own] of adopted) {
      const epoch = epochs.get(username);
      if (epoch === undefined || this.#own.get(username) !== own) continue;
      this.#own.set(username, { state: "known", epoch });
      this.#arrived.delete(username);
    }
    this.allAgain((username, epoch) => epochs.get(username) === epoch);
  }

  /** A user is at the process before, whose place this one takes: that session goes on, and counts as here. */
  adopt(username: string): void {
    if (this.#own.has(username)) return;
    this.#departed.delete(username);
    this.#own.set(username, { state: "adopted" });
    this.#arrived.add(username);
    this.#write();
  }

  /** Notes what became of a user at this relay. */
  note(username: string, change: PresenceChange): void {
    if (change === "online") {
      // Its own departure needs no word: this one takes its place.
      this.#departed.delete(username);
      this.#own.set(username, { state: "new", since: this.#now() });
      this.#arrived.add(username);
    } else {
      this.#arrived.delete(username);
      // `gone` may be told in the same step as `left`; later, nobody waits for the user any more anyway.
      if (!this.#own.delete(username) && !this.#departed.has(username)) return;
      // Also of one that has no epoch: it may be known all the same, where only the answer was lost.
      this.#departed.set(username, change);
      this.#wake([username]);
    }
    this.#write();
  }

  /** Resolves once what was noted of a user is told, which may take as long as the engine is away. */
  announced(username: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const state = this.#own.get(username)?.state ?? "known";
    if (this.#stopped || state === "known") resolve();
    else this.#waiting.set(username, [...this.#waiting.get(username) ?? [], resolve]);
    return promise;
  }

  /** Announces a user's session once more: the others do not know it. */
  again(username: string): void {
    if (!this.#own.has(username)) return;
    this.#arrived.add(username);
    this.#write();
  }

  /** The others take a user to be here: tells them otherwise, where there is no session. */
  correct(username: string): void {
    if (this.#own.has(username) || this.#departed.has(username)) return;
    this.#departed.set(username, "left");
    this.#write();
  }

  /** Announces all sessions once more but those that are known to be. */
  allAgain(isKnown: (username: string, epoch: number) => boolean = () => false): void {
    for (const [username, own] of this.#own) {
      if (own.state !== "known" || !isKnown(username, own.epoch)) this.#arrived.add(username);
    }
    this.#write();
  }

  /** Ends, with what is being written. */
  async stop(): Promise<void> {
    this.#callOffRetry?.();
    this.#stopped = true;
    this.#pace.stop();
    await this.#writing;
    this.#wake(this.#waiting.keys());
  }

  #write(): void {
    if (!this.#joined || this.#stopped || this.#writing !== undefined) return;
    this.#callOffRetry?.();
    this.#callOffRetry = undefined;
    this.#writing = this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    // What changes in the same step is told together.
    await Promise.resolve();
    while (this.#arrived.size + this.#departed.size > 0) {
      // Not for a relay that stops.
      await this.#pace.turn();
      if (!await this.#writeSome()) {
        const { schedule = scheduleTimeout } = this.#options;
        if (!this.#stopped) this.#callOffRetry = schedule(() => this.#write(), RETRY_MS);
        break;
      }
    }
    // In the same step as the last look: what comes from here on finds nobody writing.
    this.#writing = undefined;
  }

  /** @returns whether the engine took it. */
  async #writeSome(): Promise<boolean> {
    const { engine, onOutdated, log } = this.#options;
    const names = [...this.#arrived].slice(0, BATCH);
    const arriving = new Map(names.map((username) => [username, this.#own.get(username)!]));
    const departing = new Map([...this.#departed].slice(0, BATCH));
    for (const username of arriving.keys()) this.#arrived.delete(username);
    for (const username of departing.keys()) this.#departed.delete(username);
    let epochs: Map<string, number>;
    try {
      epochs = await engine.announce(
        this.#arrivals(arriving),
        Array.from(departing, ([username, state]) => ({ username, state })),
      );
    } catch (error) {
      log.debug("cannot tell the other relays who is here, trying again", { error });
      for (const [username, own] of arriving) {
        if (this.#own.get(username) === own) this.#arrived.add(username);
      }
      for (const [username, state] of departing) {
        if (!this.#own.has(username) && !this.#departed.has(username)) {
          this.#departed.set(username, state);
        }
      }
      return false;
    }
    for (const [username, own] of arriving) {
      if (this.#own.get(username) !== own) continue;
      const epoch = epochs.get(username);
      if (epoch !== undefined) this.#own.set(username, { state: "known", epoch });
      else if (own.state !== "adopted") onOutdated(username);
    }
    this.#wake(arriving.keys());
    return true;
  }

  #wake(usernames: Iterable<string>): void {
    for (const username of usernames) {
      for (const resolve of this.#waiting.get(username) ?? []) resolve();
      this.#waiting.delete(username);
    }
  }

  #arrivals(arriving: Map<string, Own>): Arrival[] {
    const now = this.#now();
    return [...arriving].map(([username, own]) => {
      if (own.state === "new") return { username, ageMs: now - own.since };
      // Older than any other is how one counts of which nothing is known.
      return { username, ageMs: 0, epoch: own.state === "known" ? own.epoch : 0 };
    });
  }
}
