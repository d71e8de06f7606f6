import { CAA, letsRelayIn } from "./caa.ts";
import { CHALLENGE, namesUpTo } from "./challenge_place.ts";
import {
  contentsOf,
  type NameRecords,
  ownSets,
  planCopies,
  planRemoval,
  type RecordPlan,
} from "./name_records.ts";
import { type NameCaa, type NameCaaReader, NO_CAA } from "./name_caa.ts";
import { byName, hasChallenge, readSource, type Source } from "./name_source.ts";
import type { NameStore, OwnedSets } from "../store/names.ts";
import { type DnsProvider, type DnsZone, isEmpty, type RecordSet } from "./provider.ts";

const NO_SETS: OwnedSets = new Map();

/** Options for {@linkcode NamePlanner}. */
export interface NamePlannerOptions {
  baseDomain: string;
  dns: DnsProvider;
  store: NameStore;
  /** Names that somebody has: all of them, and whether one is; read at each use. */
  claimed: () => Promise<Iterable<string>>;
  isClaimed: (name: string) => Promise<boolean>;
  /** The CAA records that users want at their names. @default {nobody wants any} */
  caa?: NameCaaReader;
  /** Told of what was mended, and of what cannot be. */
  onNote?: (note: string, fields?: Record<string, unknown>) => void;
}

/** A plan, and whether there is anything to do for it. */
export interface PlannedName extends RecordPlan {
  /** The zone or what is known of it has to be changed. */
  open: boolean;
}

/** How the CAA records of a name stand. */
export interface CaaReport {
  /** Those that its user wants; empty where none. */
  values: readonly string[];
  /** Whether the zone has these, and no others of the relay's. */
  written: boolean;
  /** Why it cannot have them, for a person. */
  why?: string | undefined;
}

/** Above it a zone is read once, and not for each name: some providers read all of it for one. */
const FEW_NAMES = 10;

const UNKNOWN = "the relay cannot tell yet which account it orders with; its log tells why";

/** Finds out what is to be written at names, and writes it. Whoever calls it has the DNS's turn. */
export class NamePlanner {
  readonly #options: NamePlannerOptions;
  readonly #wildcard: string;
  #saidBare = false;

  constructor(options: NamePlannerOptions) {
    this.#options = options;
    this.#wildcard = `*.${options.baseDomain}`;
  }

  /** Whether a name is the relay's, and so nobody's to release: the base domain and the wildcard. */
  isOurs(name: string): boolean {
    return name === this.#options.baseDomain || name === this.#wildcard;
  }

  /** Whether a name is ours or somebody has it. */
  async isKept(name: string): Promise<boolean> {
    return this.isOurs(name) || await this.#options.isClaimed(name);
  }

  /** Where the records of names come from in a zone. */
  source(zone: DnsZone): Promise<Source> {
    return readSource(this.#options, zone);
  }

  /** The CAA records that users want by now. */
  caa(): Promise<NameCaa> {
    return this.#options.caa?.read() ?? Promise.resolve(NO_CAA);
  }

  /** How the CAA records of a name that somebody has stand in its zone. */
  async inspectCaa(zone: DnsZone, name: string): Promise<CaaReport> {
    const wanted = await this.caa();
    if (wanted.isUnknown(name)) return { values: [], written: false, why: UNKNOWN };
    const caa = wanted.at(name);
    if (caa !== undefined && zone.name === name) {
      const why =
        `${name} is a zone of its own, which the relay writes nothing into: put the records there`;
      return { values: caa, written: false, why };
    }
    const { sets: source } = await this.source(zone);
    const records = await this.#recordsOf(zone, name, source);
    const { changes, withoutCaa: why } = planCopies({ ...records, caa });
    const written = why === undefined && changes.every(({ type }) => type !== CAA);
    return { values: caa ?? [], written, why };
  }

  /** Plans for a name that somebody has, and for those that it makes exist with it. */
  async keeping(zone: DnsZone, name: string): Promise<PlannedName[]> {
    const source = await this.source(zone);
    const caa = await this.caa();
    if (source.sets.length === 0) {
      this.#sayBare();
      const written = (await this.#options.store.of(name)).has(CAA);
      if (caa.at(name) === undefined && !written) return [];
    }
    const { baseDomain } = this.#options;
    if (!source.above && this.isOurs(name)) return [];
    // A name makes those between it and the base domain exist.
    const way = namesUpTo(zone, name).filter((each) => each.endsWith(`.${baseDomain}`));
    const ours = source.above ? [baseDomain, this.#wildcard] : [];
    const names = new Set([...ours, ...way.toReversed(), name]);
    const plans = [];
    for (const each of names) {
      const records = await this.#recordsOf(zone, each, source.sets);
      plans.push(plan(records, true, caa));
    }
    return plans;
  }

  /** Plans for some names by what stands there now, but for those that nobody has and a challenge stands below. */
  async anew(zone: DnsZone, names: readonly string[]): Promise<PlannedName[]> {
    if (names.length > FEW_NAMES) {
      const wanted = new Set(names);
      const { plans } = await this.all(zone);
      return plans.filter(({ name }) => wanted.has(name) || this.isOurs(name));
    }
    const { baseDomain, dns } = this.#options;
    const source = await this.source(zone);
    const caa = await this.caa();
    const ours = source.above ? [baseDomain, this.#wildcard] : [];
    const plans = [];
    for (const name of new Set([...ours, ...names])) {
      const kept = await this.isKept(name);
      // One that could not be removed yet makes the name exist; the next look takes both.
      if (!kept && !isEmpty(await dns.read(zone, CHALLENGE + name, "TXT"))) continue;
      plans.push(plan(await this.#recordsOf(zone, name, source.sets), kept, caa));
    }
    return plans;
  }

  /** Plans for all names there are; those that make others' wildcard end come first. */
  async all(
    zone: DnsZone,
  ): Promise<{ source: Source; caa: NameCaa; plans: PlannedName[] }> {
    const { baseDomain, dns, store, claimed } = this.#options;
    const sets = byName(await dns.readZone(zone));
    const source = await readSource(this.#options, zone, sets);
    const owned = await store.all();
    const caa = await this.caa();
    if (source.sets.length === 0 && owned.size === 0) this.#sayBare();
    const taken = new Set(await claimed());
    const names = new Set([...taken, ...owned.keys()]);
    if (source.above) names.add(baseDomain).add(this.#wildcard);
    const plans = [...names]
      .map((name) => ({ name, kept: this.isOurs(name) || taken.has(name) }))
      .filter(({ name, kept }) => kept || !hasChallenge(name, sets))
      .map(({ name, kept }) => {
        const present = sets.get(name) ?? [];
        const records = { name, source: source.sets, present, owned: owned.get(name) ?? NO_SETS };
        return plan(records, kept, caa);
      });
    plans.sort((a, b) => Number(this.isOurs(b.name)) - Number(this.isOurs(a.name)));
    return { source, caa, plans };
  }

  /** Writes what is open of some plans, remembered before and after. */
  async write(zone: DnsZone, plans: readonly PlannedName[]): Promise<void> {
    const { dns, store } = this.#options;
    const open = plans.filter((each) => each.open);
    if (open.length === 0) return;
    await store.writing(open.map(ownSets));
    const changes = open.flatMap((each) => each.changes);
    if (changes.length > 0) await dns.replace(zone, changes);
    await store.written(open.map(ownSets));
    if (changes.length > 0) await dns.notify(zone).catch(() => {});
  }

  /** Tells of names that cannot be given what they should have. */
  complain(plans: readonly PlannedName[]): void {
    const { onNote } = this.#options;
    for (const { name, conflict, withoutCaa } of plans) {
      if (conflict !== undefined) {
        onNote?.("name will be away while a certificate is ordered", { name, why: conflict });
      }
      if (withoutCaa !== undefined) {
        onNote?.("name has not the CAA records that its user wants", { name, why: withoutCaa });
      }
    }
  }

  async #recordsOf(
    zone: DnsZone,
    name: string,
    source: readonly RecordSet[],
  ): Promise<NameRecords> {
    const { dns, store } = this.#options;
    const present = await dns.readName(zone, name);
    return { name, source, present, owned: await store.of(name) };
  }

  /** Nothing answers for names below: each has only what the operator gave it, and keeps that. */
  #sayBare(): void {
    if (this.#saidBare) return;
    this.#saidBare = true;
    this.#options.onNote?.(
      "there is no wildcard for users' names in the zone: each has the records that it is given there",
      { wildcard: this.#wildcard },
    );
  }
}

function plan(records: NameRecords, kept: boolean, caa: NameCaa): PlannedName {
  const planned = kept
    ? planCopies({ ...records, caa: caaOf(records, caa) })
    : planRemoval(records);
  const { changes, ours } = planned;
  const { owned } = records;
  const isKnown = owned.size === ours.length && ours.every((set) => {
    const known = owned.get(set.type);
    return known?.size === 1 && known.has(contentsOf(set));
  });
  return { ...planned, open: changes.length > 0 || !isKnown };
}

/** The CAA records that a name is to have; while that cannot be told, those for a relay which it wrote there. */
function caaOf(
  { name, present, owned }: NameRecords,
  wanted: NameCaa,
): readonly string[] | undefined {
  if (!wanted.isUnknown(name)) return wanted.at(name);
  const set = present.find(({ type }) => type === CAA);
  const stays = set && owned.get(CAA)?.has(contentsOf(set)) && letsRelayIn(set.values);
  return stays ? set.values : undefined;
}
