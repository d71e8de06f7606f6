import type { DnsTurn } from "./turn.ts";
import { changedNames, type NameCaa } from "./name_caa.ts";
import {
  type CaaReport,
  NamePlanner,
  type NamePlannerOptions,
  type PlannedName,
} from "./name_planner.ts";
import { compareRecords, type NameReport } from "./name_records.ts";
import { sourceText } from "./name_source.ts";
import { settleWithin } from "../net/pause.ts";
import type { DnsZone } from "./provider.ts";

/** How often it is looked whether the wildcard, or a user by CAA records, says something else. */
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
  /** Removes challenges that could not be removed before, which names stay for; whether there were any. Never rejects. */
  clear?: () => Promise<boolean>;
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
  #mended: { source: string; caa: NameCaa; wide: boolean; serial: number; at: number } | undefined;
  /** Names that were seen without the CAA records that their users want, the one looked at last at the end. */
  readonly #bare = new Set<string>();
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
  async keep(names: readonly string[], signal?: AbortSignal): Promise<void> {
    const { caa, inTurn } = this.#options;
    await caa?.noteIssuer();
    await inTurn(async () => {
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
    await this.#planner.write(zone, await this.#planner.anew(zone, [name]));
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

  /**
   * How the CAA records of a name that somebody has stand; what keeps it from being known is told as `why`. Where they
   * are not as they should be, the next look mends them.
   */
  async inspectCaa(name: string): Promise<CaaReport> {
    try {
      const zone = await this.#options.dns.findZone(name);
      const report = await this.#planner.inspectCaa(zone, name);
      // What is in the way is remembered where names are mended.
      if (!report.written && report.why === undefined) this.#bare.add(name);
      return report;
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
    const { baseDomain, caa, clear, dns, onNote, lookEveryMs = LOOK_EVERY_MS } = this.#options;
    try {
      if (await clear?.()) this.#mended = undefined;
      await caa?.noteIssuer();
      const zone = await dns.findZone(baseDomain);
      if (await this.#isMended(zone)) await this.#mendCaa(zone);
      else await this.#mendAll(zone);
      this.#failing = false;
    } catch (why) {
      if (!this.#failing) onNote?.("names in the DNS not mended yet", { why });
      this.#failing = true;
    }
    if (!this.#stopped) this.#timer = setTimeout(() => this.start(), lookEveryMs);
  }

  /** Whether every name was looked at a while ago, and the wildcard is still the same. */
  async #isMended(zone: DnsZone): Promise<boolean> {
    const mended = this.#mended;
    if (mended === undefined || this.#now() - mended.at >= MEND_EVERY_MS) return false;
    // Else the whole zone would be read each time.
    if (mended.wide && zone.serial === mended.serial) return true;
    return sourceText(await this.#planner.source(zone)) === mended.source;
  }

  /** Looks at every name, and writes what is not as it should be. */
  async #mendAll(zone: DnsZone): Promise<void> {
    const planner = this.#planner;
    const { source, caa, plans } = await this.#options.inTurn(() => planner.all(zone));
    planner.complain(plans);
    this.#remember(plans);
    await this.#mend(zone, plans.filter(({ open }) => open).map(({ name }) => name));
    const wide = source.above || source.sets.length === 0;
    const { serial } = zone;
    this.#mended = { source: sourceText(source), caa, wide, serial, at: this.#now() };
  }

  /** Mends those names whose users want other CAA records by now, and some of those that had them not. */
  async #mendCaa(zone: DnsZone): Promise<void> {
    const mended = this.#mended!;
    const caa = await this.#planner.caa();
    const names = [...this.#bare].slice(0, NAMES_A_WRITE);
    for (const name of changedNames(mended.caa, caa)) {
      names.push(name, ...await this.#options.store.below(name));
    }
    await this.#mend(zone, names);
    this.#mended = { ...mended, caa };
  }

  /** Gives names what they need by now. They are planned in the turn that writes them: each may have changed before. */
  async #mend(zone: DnsZone, names: readonly string[]): Promise<void> {
    const { inTurn, onNote } = this.#options;
    let count = 0;
    for (let i = 0; i < names.length && !this.#stopped; i += NAMES_A_WRITE) {
      const some = names.slice(i, i + NAMES_A_WRITE);
      await inTurn(async () => {
        const plans = await this.#planner.anew(zone, some);
        await this.#planner.write(zone, plans);
        // Nothing is planned for those that nobody has any more.
        some.forEach((name) => this.#bare.delete(name));
        this.#remember(plans);
        count += plans.filter(({ changes }) => changes.length > 0).length;
      });
    }
    if (count > 0) onNote?.("names in the DNS mended", { names: count });
  }

  #remember(plans: readonly PlannedName[]): void {
    for (const { name, withoutCaa } of plans) {
      this.#bare.delete(name);
      if (withoutCaa !== undefined) this.#bare.add(name);
    }
  }
}
