import { type Schedule, scheduleTimeout } from "../net/schedule.ts";
import type { Log } from "../log.ts";
import { type ClusterEngine, DEAD_MS, type RelayFigures, type Standing } from "./engine.ts";

/** How often a relay tells that it is alive. */
export const BEAT_MS = 2_000;

/** Options for {@linkcode Heart}. */
export interface HeartOptions {
  engine: Pick<ClusterEngine, "beat">;
  figures: () => RelayFigures;
  /** Told how a beat found this relay; none follows `taken`. */
  onBeat: (standing: Standing) => void;
  log: Log;
  /** Clock in milliseconds that never goes back. @default {performance.now} */
  now?: () => number;
  /** @default {setTimeout} */
  schedule?: Schedule;
}

/**
 * Tells the engine every {@linkcode BEAT_MS} that this relay is alive, and learns whether the others
 * think so.
 *
 * It judges the others only after {@linkcode DEAD_MS} of beats without a gap: where the engine was away,
 * or this process was stopped, the others' silence means nothing before they could break it.
 */
export class Heart {
  readonly #options: HeartOptions;
  readonly #now: () => number;
  readonly #schedule: Schedule;
  /** Since when no beat has failed or come late. */
  #steadySince: number | undefined;
  #lastAt = -Infinity;
  #away = false;
  #stopped = false;
  #callOff: (() => void) | undefined;
  #beating: Promise<void> = Promise.resolve();

  constructor(options: HeartOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#schedule = options.schedule ?? scheduleTimeout;
  }

  /** Whether the last beat failed. */
  get away(): boolean {
    return this.#away;
  }

  /** Beats now, and from now on. */
  start(): void {
    this.#beating = this.#beat();
  }

  /** Changes may have been missed: silence of others means nothing for a while. */
  disturb(): void {
    this.#steadySince = undefined;
  }

  /** Beats no more, from when it resolves. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#callOff?.();
    await this.#beating;
  }

  async #beat(): Promise<void> {
    const { engine, figures, onBeat, log } = this.#options;
    const now = this.#now();
    if (now - this.#lastAt > DEAD_MS / 2) this.#steadySince = undefined;
    this.#lastAt = now;
    this.#steadySince ??= now;
    try {
      const standing = await engine.beat(figures(), now - this.#steadySince >= DEAD_MS);
      if (this.#away) log.info("the other relays can be reached again");
      this.#away = false;
      if (!this.#stopped) onBeat(standing);
      if (standing === "taken") this.#stopped = true;
    } catch (error) {
      this.disturb();
      if (!this.#away) {
        log.warn("the database cannot be reached: what is known of other relays stays as it is", {
          error,
        });
      }
      this.#away = true;
    }
    if (this.#stopped) return;
    this.#callOff = this.#schedule(() => this.start(), BEAT_MS);
  }
}
