import type { Log } from "../log.ts";
import { type Schedule, scheduleTimeout } from "../net/schedule.ts";
import type { Changes, ClusterEngine, Notice } from "./engine.ts";

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
  engine: Pick<ClusterEngine, "changesSince">;
  /**
   * Told what changed.
   *
   * @param whole whether it is all that there is, and nobody else is online.
   */
  onChanges: (changes: Changes, whole: boolean) => void;
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
  /** Whether to compare with all that there is, once. */
  #missed = false;
  /** Since when changes are missed; undefined while none is. */
  #missingSince: number | undefined;
  /** When the notices of late were read, by when they were told: each is passed on once. */
  readonly #told = new Map<number, number>();
  #stopped = false;

  constructor(options: ChangeReaderOptions) {
    this.#options = options;
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
      schedule(() => this.missed(), RETRY_MS);
    });
  }

  /** Changes are missed from now on. */
  missing(): void {
    this.#missingSince ??= this.#now();
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
    await Promise.allSettled([this.#reading]);
  }

  async #readAll(): Promise<void> {
    // What changes in the same step is read together.
    await Promise.resolve();
    try {
      for (let isNew = true; isNew && !this.#stopped; isNew = this.#changed) {
        this.#changed = false;
        await this.#readOnce();
      }
    } finally {
      // In the same step as the last look: what changes from here on finds nobody reading.
      this.#reading = undefined;
    }
  }

  async #readOnce(): Promise<void> {
    const { engine, log } = this.#options;
    const [since, missed] = [this.#number, this.#missed];
    this.#missed = false;
    if (since === undefined) return await this.#readFirst();
    const changes = await engine.changesSince(since);
    this.#number = changes.number;
    this.#tell(changes, false);
    // A database that was set back, as to a standby that lagged, may have lost what it told before.
    const isSetBack = changes.number < since;
    if (isSetBack) log.warn("the database has lost what it told last: reading all of it anew");
    if (!missed && !isSetBack) return;
    const now = this.#now();
    // By time: after that it gives numbers that are known already to what is new.
    const missingMs = now - (this.#missingSince ?? now) + UNNOTICED_MS;
    const all = await engine.changesSince(undefined, missingMs);
    this.#number = all.number;
    this.#tell(all, true);
    this.#missingSince = undefined;
  }

  /** Notices from before are none for this process, and not either when they are read again. */
  async #readFirst(): Promise<void> {
    const { engine, onChanges } = this.#options;
    const all = await engine.changesSince(undefined, REMEMBERED_MS);
    this.#missingSince = undefined;
    this.#number = all.number;
    this.#newOf(all.notices);
    onChanges({ ...all, notices: [] }, true);
  }

  #tell(changes: Changes, whole: boolean): void {
    this.#options.onChanges({ ...changes, notices: this.#newOf(changes.notices) }, whole);
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
