// deno-lint-ignore-file lengths/file -- one state, until it is parted together with the rest of the folder
import type { DnsTurn } from "./turn.ts";
import {
  compareRecords,
  type NameRecords,
  type NameReport,
  ownSets,
  planCopies,
  planRemoval,
  type RecordPlan,
} from "./name_records.ts";
import { byName, hasChallenge, readSource, type Source, sourceText } from "./name_source.ts";
import type { NameStore, OwnedSets } from "../store/names.ts";
import { settleWithin } from "../net/pause.ts";
import { type DnsProvider, type DnsZone, isEmpty } from "./provider.ts";

/** How often it is looked whether the wildcard says something else. */
const LOOK_EVERY_MS = 60_000;

/** How often every name is looked at, though the wildcard is as it was. */
const MEND_EVERY_MS = 3_600_000;

/** Names that are written at once: what waits for its turn meanwhile waits for a second or so. */
const NAMES_A_WRITE = 100;

const NO_SETS: OwnedSets = new Map();

/** How long the end may be held up; what is left then is done at the next start. */
const STOP_TIMEOUT_MS = 5_000;

/** Options for {@linkcode createNameKeeper}. */
export interface NameKeeperOptions {
  baseDomain: string;
  dns: DnsProvider;
  inTurn: DnsTurn;
  store: NameStore;
  /** Names that somebody has: all of them, and whether one is; read at each use. */
  claimed: () => Promise<Iterable<string>>;
  isClaimed: (name: string) => Promise<boolean>;
  /** Told of what was mended, and of what cannot be. */
  onNote?: (note: string, fields?: Record<string, unknown>) => void;
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
 */
export interface NameKeeper {
  /** Gives a name what it needs before a challenge below it; done when it resolves. */
  keep(name: string): Promise<void>;
  /** Takes it away again from a name that nobody has; nothing else. Never rejects. */
  settle(name: string): Promise<void>;
  /** Mends the names that there are, now, and whenever the wildcard changes. */
  start(): void;
  /** How a name stands. */
  inspect(name: string): Promise<NameReport>;
  stop(): Promise<void>;
}

/** Makes the keeper of a process. */
// deno-lint-ignore lengths/function -- short functions that share what is kept
export function createNameKeeper(options: NameKeeperOptions): NameKeeper {
  const { baseDomain, dns, inTurn, store, claimed, isClaimed, onNote } = options;
  const { now = () => performance.now(), lookEveryMs = LOOK_EVERY_MS } = options;
  const wildcard = `*.${baseDomain}`;
  const names = { baseDomain, dns, store };
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;
  let working: Promise<unknown> = Promise.resolve();
  /** What the names were last mended to, and when. */
  let mended: { source: string; wide: boolean; serial: number; at: number } | undefined;
  let failing = false;
  let saidBare = false;

  /** The names to look at with one: those that it makes exist. */
  function withBase(name: string, { above }: Source): string[] {
    return above ? [...new Set([baseDomain, wildcard, name])] : [name];
  }

  /** The base domain and the wildcard below it are nobody's to release. */
  function isOurs(name: string): boolean {
    return name === baseDomain || name === wildcard;
  }

  async function isKept(name: string): Promise<boolean> {
    return isOurs(name) || await isClaimed(name);
  }

  function plan(records: NameRecords, kept: boolean): Planned {
    const planned = kept ? planCopies(records) : planRemoval(records);
    const { changes, ours } = planned;
    const open = changes.length > 0 || (ours.length > 0) !== (records.owned.size > 0);
    return { ...planned, kept, open };
  }

  async function write(zone: DnsZone, all: readonly Planned[]): Promise<void> {
    const plans = all.filter(({ open }) => open);
    if (plans.length === 0) return;
    await store.writing(plans.map(ownSets));
    const changes = plans.flatMap((each) => each.changes);
    if (changes.length > 0) await dns.replace(zone, changes);
    await store.written(plans.map(ownSets));
    if (changes.length > 0) await dns.notify(zone).catch(() => {});
  }

  function complain({ name, conflict }: RecordPlan): void {
    if (conflict !== undefined) {
      onNote?.("name will be away while a certificate is ordered", {
        name,
        why: conflict,
      });
    }
  }

  function keep(name: string): Promise<void> {
    return inTurn(async () => {
      const zone = await dns.findZone(name);
      // A zone of its own: it exists whatever is put below it.
      if (zone.name === name) return;
      const source = await readSource(names, zone);
      if (source.sets.length === 0) return bare();
      if (!source.above && isOurs(name)) return;
      const plans = [];
      for (const each of withBase(name, source)) {
        plans.push(plan(await recordsOf(zone, each, source), true));
      }
      plans.forEach(complain);
      await write(zone, plans);
    });
  }

  async function recordsOf(zone: DnsZone, name: string, source: Source): Promise<NameRecords> {
    const present = await dns.readName(zone, name);
    return { name, source: source.sets, present, owned: await store.of(name) };
  }

  /** Nothing answers for names below: each has only what the operator gave it, and keeps that. */
  function bare(): void {
    if (saidBare) return;
    saidBare = true;
    onNote?.(
      "there is no wildcard for users' names in the zone: each has the records that it is given there",
      {
        wildcard,
      },
    );
  }

  async function settle(name: string): Promise<void> {
    const done = inTurn(async () => {
      if (await isClaimed(name) || (await store.of(name)).size === 0) return;
      const zone = await dns.findZone(name);
      // A challenge that could not be removed yet still makes it exist; the next look takes both.
      if (!isEmpty(await dns.read(zone, `_acme-challenge.${name}`, "TXT"))) return;
      const source = await readSource(names, zone);
      await write(zone, [plan(await recordsOf(zone, name, source), false)]);
    });
    working = Promise.allSettled([working, done]);
    await done.catch((why) =>
      onNote?.("released name not removed from the DNS yet", { name, why })
    );
  }

  /** Looks at every name, and writes what is not as it should be. */
  async function mend(): Promise<void> {
    const zone = await dns.findZone(baseDomain);
    const { source, plans } = await inTurn(async () => {
      const sets = byName(await dns.readZone(zone));
      const source = await readSource(names, zone, sets);
      const owned = await store.all();
      if (source.sets.length === 0 && owned.size === 0) bare();
      const taken = new Set(await claimed());
      const all = new Set([...taken, ...owned.keys()]);
      if (source.above) all.add(baseDomain).add(wildcard);
      const kept = taken.union(new Set([baseDomain, wildcard]));
      const plans = [...all]
        .filter((name) => kept.has(name) || !hasChallenge(name, sets))
        .map((name) => {
          const present = sets.get(name) ?? [];
          const records = { name, source: source.sets, present, owned: owned.get(name) ?? NO_SETS };
          return plan(records, kept.has(name));
        });
      return { source, plans };
    });
    plans.forEach(complain);
    const todo = plans.filter(({ open }) => open);
    // Those that make others' wildcard end come with the first of them.
    todo.sort((a, b) => Number(isOurs(b.name)) - Number(isOurs(a.name)));
    for (let i = 0; i < todo.length && !stopped; i += NAMES_A_WRITE) {
      const chunk = todo.slice(i, i + NAMES_A_WRITE);
      await inTurn(async () => {
        // Claimed or released since it was planned, or from here on: that has its own turn.
        const still = [];
        for (const each of chunk) if (await isKept(each.name) === each.kept) still.push(each);
        await write(zone, still);
      });
    }
    const count = todo.filter(({ changes }) => changes.length > 0).length;
    if (count > 0) onNote?.("names in the DNS mended", { names: count });
    const wide = source.above || source.sets.length === 0;
    mended = { source: sourceText(source), wide, serial: zone.serial, at: now() };
  }

  async function isMended(): Promise<boolean> {
    if (mended === undefined || now() - mended.at >= MEND_EVERY_MS) return false;
    const zone = await dns.findZone(baseDomain);
    // Else the whole zone would be read each time.
    if (mended.wide && zone.serial === mended.serial) return true;
    return sourceText(await readSource(names, zone)) === mended.source;
  }

  async function look(): Promise<void> {
    try {
      if (!await isMended()) await mend();
      failing = false;
    } catch (why) {
      if (!failing) onNote?.("names in the DNS not mended yet", { why });
      failing = true;
    }
    if (!stopped) timer = setTimeout(begin, lookEveryMs);
  }

  function begin(): void {
    working = Promise.allSettled([working, look()]);
  }

  return {
    keep,
    settle,
    start: begin,
    async inspect(name) {
      const zone = await dns.findZone(name);
      return compareRecords((await readSource(names, zone)).sets, await dns.readName(zone, name));
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await settleWithin(STOP_TIMEOUT_MS, [working]);
    },
  };
}

/** A plan, and what decides whether it is carried out. */
interface Planned extends RecordPlan {
  /** Made for a name that somebody has. */
  kept: boolean;
  /** The zone or what is known of it has to be changed. */
  open: boolean;
}
