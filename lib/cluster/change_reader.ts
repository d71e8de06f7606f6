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
  #stopped = false;

  constructor(options: ChangeReaderOptions) {
    this.#options = options;
  }

  /** Something changed, or may have. */
  changed(): void {
    this.#changed = true;
    if (!this.#stopped) this.#reading ??= this.#readAll();
  }

  /** Reads once. Rejects as the engine. */
  async read(): Promise<void> {
    const { engine, onChanges } = this.#options;
    const since = this.#number;
    let changes = await engine.changesSince(since);
    // It was set back, as to a standby that lagged: only all of it is known to be right.
    const isSetBack = since !== undefined && changes.number < since;
    if (isSetBack) changes = await engine.changesSince(undefined);
    this.#number = changes.number;
    onChanges(changes, isSetBack || since === undefined);
  }

  /** Reads no more, from when it resolves. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#reading;
  }

  async #readAll(): Promise<void> {
    const { onFailure, log, schedule = scheduleTimeout } = this.#options;
    while (this.#changed && !this.#stopped) {
      this.#changed = false;
      try {
        await this.read();
      } catch (error) {
        log.debug("cannot read what other relays did, trying again", { error });
        onFailure();
        schedule(() => this.changed(), RETRY_MS);
        break;
      }
    }
    // In the same step as the last look: what changes from here on finds nobody reading.
    this.#reading = undefined;
  }
}
