import { type Schedule, scheduleTimeout } from "../net/schedule.ts";
import type { Log } from "../log.ts";
import {
  type Beat,
  type ClusterEngine,
  DEAD_MS,
  type RelayFigures,
  type Standing,
} from "./engine.ts";

/** How often a relay tells that it is alive. */
export const BEAT_MS = 2_000;

/** Options for {@linkcode Heart}. */
export interface HeartOptions {
  engine: Pick<ClusterEngine, "beat" | "judge">;
  figures: () => RelayFigures;
  /** Comes before each beat. */
  begin?: () => Promise<void>;
  /** Told how a beat found this relay. */
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
 * Those count as dead whose last beat it has seen for {@linkcode DEAD_MS} of its own clock, in which it looked without
 * a gap: where the engine was away, or this process was stopped, the others' silence means nothing before
 * they could break it. What the engine's clock says does not matter.
 */
export class Heart {
  readonly #options: HeartOptions;
  readonly #now: () => number;
  readonly #schedule: Schedule;
  /** The others' last beats by their boots, and since when they are. */
  #seen = new Map<string, { beat: number; since: number }>();
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

  /** Beats now, and from now on; resolves after the first one. */
  start(): Promise<void> {
    return this.#beating = this.#beat();
  }

  /** Changes may have been missed: silence of others means nothing for a while. */
  disturb(): void {
    this.#seen.clear();
  }

  /** Beats no more, from when it resolves. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#callOff?.();
    await this.#beating;
  }

  async #beat(): Promise<void> {
    const { engine, begin, figures, onBeat, log } = this.#options;
    const now = this.#now();
    if (now - this.#lastAt > DEAD_MS / 2) this.disturb();
    this.#lastAt = now;
    try {
      await begin?.();
      const { standing, others } = await engine.beat(figures());
      const dead = this.#silent(others, now);
      if (dead.length > 0) await engine.judge(dead);
      if (this.#away) log.info("the other relays can be reached again");
      this.#away = false;
      if (!this.#stopped) onBeat(standing);
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
    this.#callOff = this.#schedule(() => void this.start(), BEAT_MS);
  }

  /** Those of the others who were silent for too long. */
  #silent(others: readonly Beat[], now: number): Beat[] {
    const before = this.#seen;
    this.#seen = new Map(others.map(({ boot, beat }) => {
      const last = before.get(boot);
      return [boot, last?.beat === beat ? last : { beat, since: now }];
    }));
    return others.filter(({ boot }) => now - this.#seen.get(boot)!.since >= DEAD_MS);
  }
}
