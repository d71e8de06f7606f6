import type { OwnedSets, OwnSets } from "../store/names.ts";
import { CAA, CAA_TTL_S } from "./caa.ts";
import { ADDRESS_TYPES, type RecordSet } from "./provider.ts";

/** What stands at a name, what should, and what was written there by this relay. */
export interface NameRecords {
  /** No trailing dot. */
  name: string;
  /** The sets that answer for the name while it has none of its own: the wildcard's. */
  source: readonly RecordSet[];
  present: readonly RecordSet[];
  owned: OwnedSets;
  /** The CAA records that its user wants there, in the wildcard's place. @default {the wildcard's} */
  caa?: readonly string[] | undefined;
}

/** What to write at a name. */
export interface RecordPlan {
  name: string;
  /** Sets to replace, first those without values, which are to be deleted. */
  changes: RecordSet[];
  /** The sets that are this relay's afterwards. */
  ours: RecordSet[];
  /** Why the name cannot be given what it should have, for a person. */
  conflict?: string;
  /** Why it cannot be given the CAA records that its user wants, for a person. */
  withoutCaa?: string | undefined;
}

/** The sets of a plan that are this relay's, as they are remembered. */
export function ownSets({ name, ours }: Pick<RecordPlan, "name" | "ours">): OwnSets {
  return { name, sets: ours.map((set) => ({ type: set.type, contents: contentsOf(set) })) };
}

/** What a name's sets are compared by: their values that are in force, in an order of their own. */
export function contentsOf({ values }: RecordSet): string {
  return JSON.stringify(values.toSorted());
}

/** The sets that answer, without what is disabled in them. */
export function inForce(sets: readonly RecordSet[]): RecordSet[] {
  return sets.filter(({ values }) => values.length > 0)
    .map(({ name, type, ttl, values }) => ({ name, type, ttl, values }));
}

/**
 * Plans how a name keeps being answered for like the wildcard answers, once it exists.
 *
 * A name that exists is not covered by the wildcard, for no type (RFC 4592 section 2.2.1), so it is
 * given copies of all of the wildcard's sets. What somebody else wrote there stays: where that is an
 * address, none is added.
 */
export function planCopies({ name, source, present, owned, caa }: NameRecords): RecordPlan {
  const wanted = new Map(inForce(source).map((set) => [set.type, set]));
  if (caa !== undefined) wanted.set(CAA, { name, type: CAA, ttl: CAA_TTL_S, values: caa });
  const foreign = present.filter((set) => !isOurs(set, owned, wanted));
  const types = foreign.map(({ type }) => type);
  // All addresses of a name are one statement.
  const elsewhere = types.some((type) => ADDRESS_TYPES.includes(type));
  const alias = wanted.has("CNAME") && !elsewhere;
  const withoutCaa = caa && whyNoCaa(name, types, alias);
  if (withoutCaa !== undefined) wanted.delete(CAA);
  if (alias && foreign.length > 0) {
    const conflict =
      `${name} has ${types.join(" and ")} records of its own, beside which it cannot ` +
      "have the wildcard's CNAME: remove them, or give it an address";
    return { name, changes: [], ours: [], conflict, withoutCaa };
  }
  const ours = [...wanted.values()]
    .filter(({ type }) => !types.includes(type))
    .filter(({ type }) => !elsewhere || !ADDRESS_TYPES.includes(type))
    .map((set) => ({ ...set, name }));
  return { name, ours, changes: changesTo(ours, present, foreign), withoutCaa };
}

/** Why a name cannot be given CAA records; `types` are those of what somebody else wrote there. */
function whyNoCaa(name: string, types: readonly string[], alias: boolean): string | undefined {
  if (types.includes(CAA)) {
    return `${name} has CAA records that the relay did not write, and they stay: remove them from the zone`;
  }
  if (!alias && !types.includes("CNAME")) return undefined;
  return `${name} is an alias (CNAME), beside which no CAA record can stand: give it, or the wildcard, addresses`;
}

/** Plans the removal of what this relay wrote at a name: the wildcard answers for it again. */
export function planRemoval({ name, source, present, owned }: NameRecords): RecordPlan {
  const wanted = new Map(inForce(source).map((set) => [set.type, set]));
  const foreign = present.filter((set) => !isOurs(set, owned, wanted));
  return { name, ours: [], changes: changesTo([], present, foreign) };
}

/** Written by this relay, or nothing but what it would write: then it is no loss to it. */
function isOurs(set: RecordSet, owned: OwnedSets, wanted: Map<string, RecordSet>): boolean {
  const contents = contentsOf(set);
  if (owned.get(set.type)?.has(contents)) return true;
  const same = wanted.get(set.type);
  return same !== undefined && contentsOf(same) === contents;
}

function changesTo(
  ours: readonly RecordSet[],
  present: readonly RecordSet[],
  foreign: readonly RecordSet[],
): RecordSet[] {
  const stale = present.filter((set) =>
    !foreign.includes(set) && !ours.some(({ type }) => type === set.type)
  );
  const missing = ours.filter((set) => {
    const there = present.find(({ type }) => type === set.type);
    return there?.ttl !== set.ttl || contentsOf(there) !== contentsOf(set) ||
      (there.disabled ?? []).length > 0;
  });
  // Deleted first: a CNAME is refused where anything else stands.
  return [...stale.map(({ name, type, ttl }) => ({ name, type, ttl, values: [] })), ...missing];
}

/** How a name that is claimed stands in the DNS. */
export interface NameReport {
  /**
   * `wildcard`: it has no address of its own; `same`: it has the wildcard's; `differs`: it has others;
   * `nowhere`: neither it nor a wildcard above it has an address.
   */
  state: "wildcard" | "same" | "differs" | "nowhere";
  /** The name's addresses or alias; the wildcard's where it has none of its own. */
  addresses: string[];
  /** The wildcard's. */
  wildcard: string[];
}

/** Compares where a name is with where the wildcard is. */
export function compareRecords(
  source: readonly RecordSet[],
  present: readonly RecordSet[],
): NameReport {
  const [own, wildcard] = [addressesIn(present), addressesIn(source)];
  if (own.length === 0) {
    return { state: wildcard.length === 0 ? "nowhere" : "wildcard", addresses: wildcard, wildcard };
  }
  const same = own.length === wildcard.length && own.every((address, i) => address === wildcard[i]);
  return { state: same ? "same" : "differs", addresses: own, wildcard };
}

function addressesIn(sets: readonly RecordSet[]): string[] {
  return inForce(sets).filter(({ type }) => ADDRESS_TYPES.includes(type))
    .flatMap(({ values }) => values).sort();
}
