import type { Log } from "../log.ts";
import { settleWithin } from "../net/pause.ts";
import { type Schedule, scheduleTimeout } from "../net/schedule.ts";
import { type Changes, type ClusterEngine, type Notice, PAGE, type PresenceRow } from "./engine.ts";
import { Pace } from "../net/pace.ts";

/** How long those who wait for what has changed by now are held up where that is not read. */
const CATCH_UP_MS = 2_000;

/** When to ask again for changes that could not be read. */
const RETRY_MS = 1_000;

/** How long before it is noticed that nothing is heard a notice may have been told that is lost. */
const UNNOTICED_MS = 30_000;

/**
 * For how long notices are remembered that may be read again: twice as long, so that a promoted server's
 * clock may be behind.
 */
const REMEMBERED_MS = 2 * UNNOTICED_MS;

/** Options for {@linkcode ChangeReader}. */
export interface ChangeReaderOptions {
  engine: Pick<ClusterEngine, "changesSince" | "lastChange" | "onlineBehind">;
  /** Told what changed, or who is online, of which most is known. */
  onChanges: (changes: Pick<Changes, "presence" | "notices">) => void;
  /** Told everybody who is online, once all was read: nobody else is. */
  onWhole: (online: ReadonlyMap<string, PresenceRow>) => void;
  /** What changed cannot be read just now. */
  onFailure: () => void;
  log: Log;
  /** Clock in milliseconds that never goes back. @default {performance.now} */
  now?: () => number;
  /** @default {setTimeout} */
  schedule?: Schedule;
}

/** Reads what changed since it last did, one question at a time. */
export class ChangeReader {
  readonly #options: ChangeReaderOptions;
  /** The last change that is known; undefined where all has to be read. */
  #number: number | undefined;
  #reading: Promise<void> | undefined;
  /** Whether something changed since the last question. */
  #changed = false;
  /** Resolved once the next question is answered, or cannot be; set while somebody waits for that. */
  #awaited: PromiseWithResolvers<void> | undefined;
  #callOffRetry: (() => void) | undefined;
  /** Also of what visitors have it ask, who may make up names. */
  readonly #pace: Pace;
  /** Whether to compare with all that there is, once. */
  #missed = false;
  /** Since when changes are missed; undefined while none is. */
  #missingSince: number | undefined;
  /** When that was said last. */
  #missingAt = -Infinity;
  /** When the notices of late were read, by when they were told: each is passed on once. */
  readonly #told = new Map<number, number>();
  #stopped = false;

  constructor(options: ChangeReaderOptions) {
    this.#options = options;
    this.#pace = new Pace(options);
  }

  /** Something changed, or may have. */
  changed(): void {
    this.#changed = true;
    if (this.#reading !== undefined) return;
    const { onFailure, log, schedule = scheduleTimeout } = this.#options;
    this.read().catch((error) => {
      log.debug("cannot read what other relays did, trying again", { error });
      onFailure();
      this.missing();
      if (this.#stopped) return;
      // One for all that fail meanwhile, which may be as many as there are visitors.
      this.#callOffRetry ??= schedule(() => {
        this.#callOffRetry = undefined;
        this.missed();
      }, RETRY_MS);
    });
  }

  /** Resolves once all is known that has changed by now, by one question for all; soon where it cannot be read. */
  async caughtUp(): Promise<void> {
    const { promise } = this.#awaited ??= Promise.withResolvers();
    this.changed();
    await settleWithin(CATCH_UP_MS, [promise]);
  }

  /** Changes are missed from now on. */
  missing(): void {
    this.#missingAt = this.#now();
    this.#missingSince ??= this.#missingAt;
  }

  /** Changes may have been missed, or lost; from now on none is. */
  missed(): void {
    this.#missed = true;
    this.changed();
  }

  /** Reads until nothing is new, or waits for the reading under way. Rejects as the engine. */
  read(): Promise<void> {
    return this.#reading ??= this.#readAll();
  }

  /** Reads no more, from when it resolves. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#pace.stop();
    this.#callOffRetry?.();
    await Promise.allSettled([this.#reading]);
  }

  async #readAll(): Promise<void> {
    // What changes in the same step is read together.
    await Promise.resolve();
    try {
      for (let isNew = true; isNew && !this.#stopped; isNew = this.#changed) {
        await this.#pace.turn();
        this.#changed = false;
        const awaited = this.#awaited;
        this.#awaited = undefined;
        await this.#readOnce().finally(() => awaited?.resolve());
      }
    } finally {
      // Who waits for a question that is not asked any more, after one that failed.
      this.#awaited?.resolve();
      this.#awaited = undefined;
      // In the same step as the last look: what changes from here on finds nobody reading.
      this.#reading = undefined;
    }
  }

  async #readOnce(): Promise<void> {
    const [since, missed] = [this.#number, this.#missed];
    this.#missed = false;
    // Notices from before are none for this process, and not either when they are read again.
    if (since === undefined) return await this.#readWhole(REMEMBERED_MS, { passesOn: false });
    // A database that was set back, as to a standby that lagged, may have lost what it told before.
    const isSetBack = await this.#readFrom(since);
    if (isSetBack) {
      this.#options.log.warn("the database has lost what it told last: reading all of it anew");
    }
    if (!missed && !isSetBack) return;
    const now = this.#now();
    // By time: after that it gives numbers that are known already to what is new.
    await this.#readWhole(now - (this.#missingSince ?? now) + UNNOTICED_MS);
  }

  /**
   * Reads everybody who is online, a page at a time, and then what changed meanwhile: with that it is as all was
   * at that moment.
   */
  async #readWhole(toldWithinMs: number, { passesOn = true } = {}): Promise<void> {
    const { engine, onWhole } = this.#options;
    const began = this.#now();
    const { number, notices } = await engine.lastChange(toldWithinMs);
    this.#tell([], notices, passesOn);
    const online = new Map<string, PresenceRow>();
    for (let page: PresenceRow[], last = "";; last = page.at(-1)!.username) {
      page = await engine.onlineBehind(last);
      for (const row of page) online.set(row.username, row);
      this.#tell(page, [], passesOn);
      if (page.length < PAGE || this.#stopped) break;
    }
    if (await this.#readFrom(number, { online, passesOn })) {
      throw new Error("the database was set back while all of it was read");
    }
    if (this.#stopped) return;
    this.#missingSince = this.#missingAt > began ? this.#missingAt : undefined;
    onWhole(online);
  }

  /**
   * Reads what changed after a number, a page at a time.
   *
   * @param options.online those who are, which is kept up.
   * @returns whether the database was set back meanwhile.
   */
  async #readFrom(
    number: number,
    { online, passesOn = true }: { online?: Map<string, PresenceRow>; passesOn?: boolean } = {},
  ): Promise<boolean> {
    for (let isSetBack = false;;) {
      const { presence, notices, more, ...last } = await this.#options.engine.changesSince(number);
      isSetBack ||= last.number < number;
      number = this.#number = last.number;
      for (const row of presence) {
        if (row.state === "online") online?.set(row.username, row);
        else online?.delete(row.username);
      }
      this.#tell(presence, notices, passesOn);
      if (!more || this.#stopped) return isSetBack;
    }
  }

  #tell(presence: PresenceRow[], notices: Notice[], passesOn: boolean): void {
    const told = this.#newOf(notices);
    this.#options.onChanges({ presence, notices: passesOn ? told : [] });
  }

  /** Those that were not read before. */
  #newOf(notices: Notice[]): Notice[] {
    const now = this.#now();
    const forgetBefore = (this.#missingSince ?? now) - REMEMBERED_MS;
    for (const [toldAt, readAt] of this.#told) {
      if (readAt >= forgetBefore) break;
      this.#told.delete(toldAt);
    }
    const found = notices.filter(({ toldAt }) => !this.#told.has(toldAt));
    for (const { toldAt } of found) this.#told.set(toldAt, now);
    return found;
  }

  #now(): number {
    return (this.#options.now ?? (() => performance.now()))();
  }
}
