/**
 * Trouble that the operator should hear of while it lasts, and when it is over. Imports the ground floor.
 *
 * @module
 */
import type { Log } from "../log.ts";
import type { Schedule } from "../net/schedule.ts";

/** How often it is looked. */
export const LOOK_MS = 30_000;

/** The least time between two beginnings of the same trouble that are told. */
const AGAIN_MS = 10 * 60_000;

/** How often trouble that lasts is told again. */
const REMIND_MS = 24 * 3_600_000;

/** Something that is wrong now. */
export interface Trouble {
  /** One word for it, the same as long as it lasts; fit for a program. */
  kind: string;
  /** What is so, and what to do about it, for a person. */
  detail: string;
  fix: string;
}

/** What the operator is told. */
export interface TroubleNotice extends Trouble {
  state: "begun" | "lasts" | "over";
  /** When it was noticed first (RFC 3339). */
  since: string;
}

/** Options for {@linkcode watchTrouble}. */
export interface TroubleWatchOptions {
  /** What is wrong now; must not reject. */
  look: () => Promise<Trouble[]>;
  /** Tells the operator; rejects when that did not work, and is then asked again. */
  tell: (notice: TroubleNotice) => Promise<void>;
  log: Log;
  /** Clock in milliseconds since the epoch. @default {Date.now} */
  now?: () => number;
  schedule: Schedule;
}

/** A watch that goes on until it is stopped. */
export interface TroubleWatch {
  /** Looks at once, after what is under way. */
  look(): Promise<void>;
  /** Tells nothing more; what is being told may come to its end yet, which nobody should wait for. */
  stop(): void;
}

/** What is known of one kind of trouble. */
interface Known {
  trouble: Trouble;
  since: number;
  /** When it was told last; absent as long as nobody was told. */
  toldAt?: number;
}

/**
 * Looks every {@linkcode LOOK_MS}, and tells of each kind of trouble when it begins, once a day while it
 * lasts, and when it is over. One that comes and goes is told every ten minutes at most; what could not be
 * told is tried again at the next look.
 */
export function watchTrouble(options: TroubleWatchOptions): TroubleWatch {
  const { tell, log, now = Date.now, schedule } = options;
  const records = new Map<string, Known>();
  /** When the beginning of a kind that is over by now was told. */
  const before = new Map<string, number>();
  let turn = Promise.resolve();
  let stopped = false;
  let callOff = schedule(tick, LOOK_MS);

  function tick(): void {
    callOff = schedule(tick, LOOK_MS);
    look();
  }

  function look(): Promise<void> {
    return turn = turn.then(lookOnce);
  }

  async function lookOnce(): Promise<void> {
    if (stopped) return;
    const found = await options.look();
    for (const trouble of found) await stands(trouble);
    const kinds = new Set(found.map(({ kind }) => kind));
    for (const [kind, record] of records) if (!kinds.has(kind)) await over(kind, record);
  }

  async function stands(trouble: Trouble): Promise<void> {
    const { kind } = trouble;
    const record = records.get(kind) ?? { trouble, since: now() };
    if (!records.has(kind)) {
      log.warn("trouble", { ...trouble });
      records.set(kind, record);
    }
    record.trouble = trouble;
    const due = record.toldAt === undefined
      ? (before.get(kind) ?? -Infinity) + AGAIN_MS
      : record.toldAt + REMIND_MS;
    if (now() < due) return;
    const state = record.toldAt === undefined ? "begun" : "lasts";
    if (!await say(state, record)) return;
    if (state === "begun") before.set(kind, now());
    record.toldAt = now();
  }

  async function over(kind: string, record: Known): Promise<void> {
    // Who never heard of it need not hear of its end.
    if (record.toldAt !== undefined && !await say("over", record)) return;
    log.info("trouble is over", { kind });
    records.delete(kind);
  }

  async function say(state: TroubleNotice["state"], record: Known): Promise<boolean> {
    if (stopped) return false;
    try {
      await tell({ state, ...record.trouble, since: new Date(record.since).toISOString() });
      return true;
    } catch (error) {
      log.warn("trouble could not be told; it is tried again", {
        kind: record.trouble.kind,
        error,
      });
      return false;
    }
  }

  return {
    look,
    stop() {
      stopped = true;
      callOff();
    },
  };
}
