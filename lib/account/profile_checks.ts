import type { Log } from "../log.ts";
import type { Schedule } from "../net/schedule.ts";
import type { ProfileStore } from "../store/profiles.ts";
import type { BioAnswer } from "./bio_queue.ts";
import { Turns } from "./turns.ts";

const DAY_MS = 86_400_000;

/** Shortest and longest time between two looks. */
const PACE_MS = { shortest: 10_000, longest: 3_600_000 } as const;

/** In how long to look again for a profile that could not be read. */
const RETRY_MS = DAY_MS;

/** Options for {@linkcode ProfileChecks}. */
export interface ProfileChecksOptions {
  profiles: ProfileStore;
  /** How many accounts there are. Rejects as the store. */
  total: () => Promise<number>;
  /** Reads a profile; never rejects. */
  read: (username: string) => Promise<BioAnswer>;
  /** Days between two looks for one profile, asked each time; 0: none is looked for. */
  days: () => number;
  log: Log;
  /** @default {setTimeout} */
  schedule?: Schedule;
}

/**
 * Looks now and then whether users' profiles are still there: one at a time, spread over the days between
 * two looks. A profile that is gone, or another's by now, is told to the operator, and nothing else: a
 * site may say so by mistake.
 */
export class ProfileChecks {
  readonly #options: ProfileChecksOptions;
  readonly #turns: Turns;

  constructor(options: ProfileChecksOptions) {
    this.#options = options;
    this.#turns = new Turns(() => this.#turn(), PACE_MS.shortest, options.schedule);
  }

  /** Looks for no more profiles. */
  stop(): void {
    this.#turns.stop();
  }

  async #turn(): Promise<number> {
    try {
      return await this.#look();
    } catch (error) {
      this.#options.log.error("cannot note what was seen of profiles", { error });
      return PACE_MS.longest;
    }
  }

  /** Looks for the profile whose turn it is; how long to wait for the next. */
  async #look(): Promise<number> {
    const { profiles, total, days } = this.#options;
    const periodMs = days() * DAY_MS;
    if (periodMs === 0) return PACE_MS.longest;
    const username = await profiles.next(periodMs);
    if (username !== undefined) await this.#check(username, periodMs);
    const pace = periodMs / Math.max(1, await total());
    return Math.min(Math.max(pace, PACE_MS.shortest), PACE_MS.longest);
  }

  async #check(username: string, periodMs: number): Promise<void> {
    const { profiles, read, log } = this.#options;
    const answer = await read(username);
    switch (answer.state) {
      case "busy":
        return;
      case "unavailable":
        return await profiles.postpone(username, Math.min(RETRY_MS, periodMs));
    }
    const look = answer.state === "found"
      ? { found: true, profileId: answer.profileId } as const
      : { found: false } as const;
    const seen = await profiles.note(username, look, periodMs);
    if (!seen?.changed) return;
    if (seen.state === "there") log.info("a user's profile is back", { username });
    else if (seen.state === "gone") log.warn("a user's profile is gone", { username });
    else log.warn("a user's profile is another one of the same name", { username });
  }
}
