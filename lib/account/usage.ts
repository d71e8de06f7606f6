import type { Log } from "../log.ts";
import type { Batch, FigureStore, Passed, UserFigures } from "../store/figures.ts";
import { DelayedWrite } from "./delayed_write.ts";

const DAY_MS = 86_400_000;

/** How long what was noted may wait to be written: what a crash can take. */
const FLUSH_MS = 10_000;

/** Options for {@linkcode Usage}. */
export interface UsageOptions {
  figures: FigureStore;
  /** Bytes that had passed today by the start, by username. */
  today: ReadonlyMap<string, number>;
  /** Bytes that may pass for a user on a day; 0: any number. */
  bytesPerDay: (username: string) => number;
  /** Told of a user whose bytes of the day are used up, once for each time that they are. */
  onUsedUp: (username: string) => void;
  log: Log;
  /** Clock in milliseconds since the epoch. @default {Date.now} */
  now?: () => number;
}

/** The number of a day of UTC. */
export function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS);
}

/**
 * Counts users' visitors and bytes: in memory for the limit of a day, and to be written together a few
 * seconds later.
 */
export class Usage {
  readonly #options: UsageOptions;
  readonly #now: () => number;
  #day: number;
  /** Bytes of that day by username. Of a name that is released too: it may be claimed again at once. */
  #today: Map<string, number>;
  #unwritten = new Map<string, Passed>();
  /** What is being written, or is to be again as it is: it may have been taken where the answer was lost. */
  #writing: Batch & { passed: Map<string, Passed> } | undefined;
  readonly #writer = crypto.randomUUID();
  #batches = 0;
  readonly #delayed = new DelayedWrite(() => this.#write());

  constructor(options: UsageOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#day = dayOf(this.#now());
    this.#today = new Map(options.today);
  }

  /** Notes a visitor who met the user's client; `replaced` is told of one who was noted before. */
  joined(username: string, how: "parked" | "dialled" | "replaced"): void {
    const passed = this.#of(username);
    passed.lastVisitAt = this.#now();
    if (how !== "replaced") passed.visitors++;
    if (how !== "parked") passed.dialled++;
  }

  /** Notes bytes that passed between a user's client and a visitor. */
  passed(username: string, { forward, backward }: { forward: number; backward: number }): void {
    if (forward + backward === 0) return;
    const passed = this.#of(username);
    passed.bytesToClient += forward;
    passed.bytesToVisitors += backward;
    const wasUsedUp = this.isUsedUp(username);
    this.#today.set(username, this.bytesToday(username) + forward + backward);
    if (!wasUsedUp) this.enforce(username);
  }

  /** Bytes both ways of today, as UTC has it. */
  bytesToday(username: string): number {
    const day = dayOf(this.#now());
    if (day !== this.#day) {
      this.#day = day;
      this.#today = new Map();
    }
    return this.#today.get(username) ?? 0;
  }

  /** Whether no more bytes may pass for the user today. */
  isUsedUp(username: string): boolean {
    const limit = this.#options.bytesPerDay(username);
    return limit > 0 && this.bytesToday(username) >= limit;
  }

  /** Looks whether the user's bytes are used up, also after the limit has changed. */
  enforce(username: string): void {
    if (!this.isUsedUp(username)) return;
    const { log, onUsedUp, bytesPerDay } = this.#options;
    log.info("the bytes of a user's day are used up", {
      ...{ username, bytes: this.bytesToday(username), limit: bytesPerDay(username) },
    });
    onUsedUp(username);
  }

  /** A user's figures by now. Rejects as the store. */
  async of(username: string): Promise<UserFigures | undefined> {
    const parts = [this.#unwritten, this.#writing?.passed].map((part) => part?.get(username));
    const stored = await this.#options.figures.of(username);
    const known = [stored, ...parts].filter((part) => part !== undefined);
    if (known.length === 0) return undefined;
    if (stored !== undefined) {
      this.#catchUp(stored.day.day, new Map([[username, stored.day.bytes]]));
    }
    return { ...known.reduce(add), day: { day: this.#day, bytes: this.bytesToday(username) } };
  }

  /** Drops what is noted of a name that is released: its next owner begins anew. */
  forget(username: string): void {
    this.#unwritten.delete(username);
    this.#writing?.passed.delete(username);
  }

  /** Writes what is noted, behind what is being written; what cannot be is tried again later. */
  flush(): Promise<void> {
    return this.#delayed.now();
  }

  /** Writes for the last time and ends. */
  stop(): Promise<void> {
    return this.#delayed.stop();
  }

  async #write(): Promise<void> {
    if (this.#writing !== undefined && !await this.#put(this.#writing)) return;
    if (this.#unwritten.size === 0) return;
    this.#writing = {
      writer: this.#writer,
      number: ++this.#batches,
      day: dayOf(this.#now()),
      passed: this.#unwritten,
    };
    this.#unwritten = new Map();
    await this.#put(this.#writing);
  }

  /** @returns whether it is written; else that is tried again. */
  async #put(batch: Batch): Promise<boolean> {
    const { figures, log } = this.#options;
    try {
      await figures.add(batch);
    } catch (error) {
      log.error("cannot write users' figures, trying again", { error });
      this.#delayed.in(FLUSH_MS);
      return false;
    }
    this.#writing = undefined;
    // Of all: whose bytes others have used up may have passed none here yet.
    await figures.bytesOn(batch.day).then(
      (stored) => this.#catchUp(batch.day, stored),
      (error) => log.error("cannot read users' figures", { error }),
    );
    return true;
  }

  /**
   * Takes over what others have written: relays that the user's visitors are at as well. What is being written here
   * may be among it or not, so it is not counted before it is written: a sum that is too great would hold all day.
   */
  #catchUp(day: number, stored: ReadonlyMap<string, number>): void {
    for (const [username, bytes] of stored) {
      const { bytesToClient, bytesToVisitors } = this.#unwritten.get(username) ?? NOTHING;
      const sum = bytes + bytesToClient + bytesToVisitors;
      if (sum <= this.bytesToday(username) || day !== this.#day) continue;
      const wasUsedUp = this.isUsedUp(username);
      this.#today.set(username, sum);
      if (!wasUsedUp) this.enforce(username);
    }
  }

  #of(username: string): Passed {
    let passed = this.#unwritten.get(username);
    if (passed === undefined) this.#unwritten.set(username, passed = { ...NOTHING });
    this.#delayed.in(FLUSH_MS);
    return passed;
  }
}

const NOTHING: Passed = { visitors: 0, dialled: 0, bytesToClient: 0, bytesToVisitors: 0 };

function add(earlier: Passed, later: Passed): Passed {
  const lastVisitAt = later.lastVisitAt ?? earlier.lastVisitAt;
  return {
    visitors: earlier.visitors + later.visitors,
    dialled: earlier.dialled + later.dialled,
    bytesToClient: earlier.bytesToClient + later.bytesToClient,
    bytesToVisitors: earlier.bytesToVisitors + later.bytesToVisitors,
    ...(lastVisitAt !== undefined && { lastVisitAt }),
  };
}
