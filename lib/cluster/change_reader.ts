import type { Log } from "../log.ts";
import { type Schedule, scheduleTimeout } from "../net/schedule.ts";
import type { Changes, ClusterEngine } from "./engine.ts";

/** When to ask again for changes that could not be read. */
const RETRY_MS = 1_000;

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
      schedule(() => this.missed(), RETRY_MS);
    });
  }

  /** Changes may have been missed, or lost. */
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
    const { engine, onChanges } = this.#options;
    const [since, missed] = [this.#number, this.#missed];
    this.#missed = false;
    const changes = await engine.changesSince(since);
    this.#number = changes.number;
    onChanges(changes, since === undefined);
    // A database that was set back, as to a standby that lagged, may have lost what it told before.
    if (since === undefined || (!missed && changes.number >= since)) return;
    const all = await engine.changesSince(undefined);
    this.#number = all.number;
    onChanges(all, true);
  }
}
