import type { DnsTurn } from "./turn.ts";
import {
  compareRecords,
  type NameReport,
  ownSets,
  planCopies,
  planRemoval,
  type RecordPlan,
} from "./name_records.ts";
import { byName, hasChallenge, readSource, type Source, sourceText } from "./name_source.ts";
import type { NameStore } from "../store/names.ts";
import { settleWithin } from "../net/pause.ts";
import type { PdnsRrset, PdnsZone, PowerDns } from "./power_dns.ts";

/** How often it is looked whether the wildcard says something else. */
const LOOK_EVERY_MS = 60_000;

/** How often every name is looked at, though the wildcard is as it was. */
const MEND_EVERY_MS = 3_600_000;

/** Names that are written at once: what waits for its turn meanwhile waits for a second or so. */
const NAMES_A_WRITE = 100;

/** How long the end may be held up; what is left then is done at the next start. */
const STOP_TIMEOUT_MS = 5_000;

/** Options for {@linkcode createNameKeeper}. */
export interface NameKeeperOptions {
  baseDomain: string;
  dns: PowerDns;
  inTurn: DnsTurn;
  store: NameStore;
  /** Names that somebody has: all of them, and whether one is; read at each use. */
  claimed: () => Iterable<string>;
  isClaimed: (name: string) => boolean;
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
  function isKept(name: string): boolean {
    return name === baseDomain || name === wildcard || isClaimed(name);
  }

  function plan(name: string, source: Source, present: readonly PdnsRrset[]): Planned {
    const records = { name, source: source.sets, present, owned: store.of(name) };
    const kept = isKept(name);
    return { ...kept ? planCopies(records) : planRemoval(records), kept };
  }

  /** Whether the zone or what is known of it has to be changed. */
  function isOpen({ name, changes, ours }: RecordPlan): boolean {
    return changes.length > 0 || (ours.length > 0) !== (store.of(name).size > 0);
  }

  async function write(zone: PdnsZone, all: readonly RecordPlan[]): Promise<void> {
    const plans = all.filter(isOpen);
    if (plans.length === 0) return;
    await store.writing(plans.map(ownSets));
    const changes = plans.flatMap((each) => each.changes);
    if (changes.length > 0) await dns.replaceAll(zone, changes);
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
      if (zone.name.toLowerCase() === `${name}.`) return;
      const source = await readSource(names, zone);
      if (source.sets.length === 0) return bare();
      if (!source.above && (name === baseDomain || name === wildcard)) return;
      const plans = [];
      for (const each of withBase(name, source)) {
        const records = {
          name: each,
          source: source.sets,
          present: await dns.readName(zone, each),
          owned: store.of(each),
        };
        plans.push(planCopies(records));
      }
      plans.forEach(complain);
      await write(zone, plans);
    });
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
    if (isClaimed(name) || store.of(name).size === 0) return;
    const done = inTurn(async () => {
      if (isClaimed(name)) return;
      const zone = await dns.findZone(name);
      // A challenge that could not be removed yet still makes it exist; the next look takes both.
      const { records } = await dns.read(zone, `_acme-challenge.${name}`, "TXT");
      if (records.length > 0) return;
      const source = await readSource(names, zone);
      await write(zone, [plan(name, source, await dns.readName(zone, name))]);
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
      if (source.sets.length === 0 && store.names().length === 0) bare();
      const all = new Set([...claimed(), ...store.names()]);
      if (source.above) all.add(baseDomain).add(wildcard);
      const plans = [...all]
        .filter((name) => isKept(name) || !hasChallenge(name, sets))
        .map((name) => plan(name, source, sets.get(name) ?? []));
      return { source, plans };
    });
    plans.forEach(complain);
    const todo = plans.filter(isOpen);
    // Those that make others' wildcard end come with the first of them.
    const first = ({ name }: RecordPlan): boolean => name === baseDomain || name === wildcard;
    todo.sort((a, b) => Number(first(b)) - Number(first(a)));
    const still = ({ name, kept }: Planned): boolean => isKept(name) === kept;
    for (let i = 0; i < todo.length && !stopped; i += NAMES_A_WRITE) {
      const chunk = todo.slice(i, i + NAMES_A_WRITE);
      await inTurn(() =>
        // Claimed or released since it was planned: that has its own turn.
        write(zone, chunk.filter(still))
      );
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

/** A plan, and whether it was made for a name that somebody has. */
interface Planned extends RecordPlan {
  kept: boolean;
}
