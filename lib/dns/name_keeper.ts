import { CHALLENGE } from "./challenge_place.ts";
import type { DnsTurn } from "./turn.ts";
import { type CaaReport, NamePlanner, type NamePlannerOptions } from "./name_planner.ts";
import { compareRecords, type NameReport } from "./name_records.ts";
import { sourceText } from "./name_source.ts";
import { settleWithin } from "../net/pause.ts";
import { isEmpty } from "./provider.ts";

/** How often it is looked whether the wildcard says something else. */
const LOOK_EVERY_MS = 60_000;

/** How often every name is looked at, though the wildcard is as it was. */
const MEND_EVERY_MS = 3_600_000;

/** Names that are written at once: what waits for its turn meanwhile waits for a second or so. */
const NAMES_A_WRITE = 100;

/** How long the end may be held up; what is left then is done at the next start. */
const STOP_TIMEOUT_MS = 5_000;

/** Options for {@linkcode NameKeeper}. */
export interface NameKeeperOptions extends NamePlannerOptions {
  inTurn: DnsTurn;
  /** Clock in milliseconds that never goes back. @default {performance.now} */
  now?: () => number;
  /** @default {60 s} */
  lookEveryMs?: number;
}

/**
 * Keeps names in the DNS that challenges are put below.
 *
 * `_acme-challenge.USER.BASE` makes `USER.BASE` exist, and the wildcard's addresses no longer answer for
 * it (RFC 4592 section 2.2.2): no visitor finds it while an order runs, and resolvers may remember that
 * for an hour. So it gets copies of the wildcard's records before, and keeps them until it is released.
 * For names below it (`app.USER.BASE`) the wildcard never answers from then on: they get theirs as well.
 */
export class NameKeeper {
  readonly #options: NameKeeperOptions;
  readonly #planner: NamePlanner;
  readonly #now: () => number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;
  #working: Promise<unknown> = Promise.resolve();
  /** What the names were last mended to, and when. */
  #mended: { source: string; caa: string; wide: boolean; serial: number; at: number } | undefined;
  #failing = false;

  constructor(options: NameKeeperOptions) {
    this.#options = options;
    this.#planner = new NamePlanner(options);
    this.#now = options.now ?? (() => performance.now());
  }

  /**
   * Gives names what they need before a challenge below them; done when it resolves.
   *
   * @param signal ends it between two names; it then rejects with the reason.
   */
  keep(names: readonly string[], signal?: AbortSignal): Promise<void> {
    return this.#options.inTurn(async () => {
      for (const name of names) {
        signal?.throwIfAborted();
        await this.#keepOne(name);
      }
    });
  }

  /** Gives a user's name, and those below it that have records, what they need by now. */
  async follow(name: string): Promise<void> {
    await this.keep([name, ...await this.#options.store.below(name)]);
  }

  async #keepOne(name: string): Promise<void> {
    const zone = await this.#options.dns.findZone(name);
    // A zone of its own: it exists whatever is put below it.
    if (zone.name === name) return;
    const plans = await this.#planner.keeping(zone, name);
    this.#planner.complain(plans);
    await this.#planner.write(zone, plans);
  }

  /**
   * Takes it away again from a user's name and those below it, as far as nobody has them. What is the relay's own
   * stays. Never rejects.
   */
  async settle(name: string): Promise<void> {
    const { inTurn, store, onNote } = this.#options;
    if (this.#planner.isOurs(name)) return;
    const done = inTurn(async () => {
      for (const each of [...await store.below(name), name]) await this.#settleOne(each);
    });
    this.#working = Promise.allSettled([this.#working, done]);
    await done.catch((why) =>
      onNote?.("not looked yet whether a name's records in the DNS can go", { name, why })
    );
  }

  async #settleOne(name: string): Promise<void> {
    const { dns, store } = this.#options;
    if (await this.#planner.isKept(name) || (await store.of(name)).size === 0) return;
    const zone = await dns.findZone(name);
    // A challenge that could not be removed yet still makes it exist; the next look takes both.
    if (!isEmpty(await dns.read(zone, CHALLENGE + name, "TXT"))) return;
    await this.#planner.write(zone, [await this.#planner.removing(zone, name)]);
  }

  /** Mends the names that there are, now, and whenever the wildcard changes. */
  start(): void {
    this.#working = Promise.allSettled([this.#working, this.#look()]);
  }

  /** How a name stands. */
  async inspect(name: string): Promise<NameReport> {
    const { dns } = this.#options;
    const zone = await dns.findZone(name);
    return compareRecords((await this.#planner.source(zone)).sets, await dns.readName(zone, name));
  }

  /** How the CAA records of a name that somebody has stand; what keeps it from being known is told as `why`. */
  async inspectCaa(name: string): Promise<CaaReport> {
    try {
      return await this.#planner.inspectCaa(await this.#options.dns.findZone(name), name);
    } catch (error) {
      return { values: [], written: false, why: (error as Error).message };
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await settleWithin(STOP_TIMEOUT_MS, [this.#working]);
  }

  async #look(): Promise<void> {
    const { onNote, lookEveryMs = LOOK_EVERY_MS } = this.#options;
    try {
      if (!await this.#isMended()) await this.#mend();
      this.#failing = false;
    } catch (why) {
      if (!this.#failing) onNote?.("names in the DNS not mended yet", { why });
      this.#failing = true;
    }
    if (!this.#stopped) this.#timer = setTimeout(() => this.start(), lookEveryMs);
  }

  async #isMended(): Promise<boolean> {
    const mended = this.#mended;
    if (mended === undefined || this.#now() - mended.at >= MEND_EVERY_MS) return false;
    if ((await this.#planner.caa()).text !== mended.caa) return false;
    const { baseDomain, dns } = this.#options;
    const zone = await dns.findZone(baseDomain);
    // Else the whole zone would be read each time.
    if (mended.wide && zone.serial === mended.serial) return true;
    return sourceText(await this.#planner.source(zone)) === mended.source;
  }

  /** Looks at every name, and writes what is not as it should be. */
  async #mend(): Promise<void> {
    const { baseDomain, dns, inTurn, onNote } = this.#options;
    const planner = this.#planner;
    const zone = await dns.findZone(baseDomain);
    const { source, caa, plans } = await inTurn(() => planner.all(zone));
    planner.complain(plans);
    const open = plans.filter((each) => each.open);
    for (let i = 0; i < open.length && !this.#stopped; i += NAMES_A_WRITE) {
      const chunk = open.slice(i, i + NAMES_A_WRITE);
      await inTurn(async () => {
        // Claimed or released since it was planned, or from here on: that has its own turn.
        const still = [];
        for (const each of chunk) {
          if (await planner.isKept(each.name) === each.kept) still.push(each);
        }
        await planner.write(zone, still);
      });
    }
    const count = open.filter(({ changes }) => changes.length > 0).length;
    if (count > 0) onNote?.("names in the DNS mended", { names: count });
    const wide = source.above || source.sets.length === 0;
    this.#mended = {
      ...{ source: sourceText(source), caa: caa.text },
      ...{ wide, serial: zone.serial, at: this.#now() },
    };
  }
}
