import { CHALLENGE } from "./challenge_place.ts";
import { contentsOf, inForce } from "./name_records.ts";
import type { NameStore } from "../store/names.ts";
import { type DnsProvider, type DnsZone, isEmpty, type RecordSet } from "./provider.ts";

/** The sets of a zone by name. */
export type ZoneSets = ReadonlyMap<string, readonly RecordSet[]>;

/** Groups the sets of a zone. */
export function byName(sets: readonly RecordSet[]): ZoneSets {
  return Map.groupBy(sets, ({ name }) => name);
}

/**
 * The wildcard above a domain that answers for it and all below it, since the domain does not exist
 * (RFC 4592 section 3.3.1); undefined when there is none, or the domain exists.
 *
 * @param ours names that this relay made exist, and that do not count.
 */
export function wildcardAbove(
  domain: string,
  zone: string,
  sets: ZoneSets,
  ours: ReadonlySet<string>,
): readonly RecordSet[] | undefined {
  // Challenges last for seconds.
  const names = [...sets.keys()].filter((name) => !name.startsWith(CHALLENGE) && !ours.has(name));
  for (let name = domain; name !== zone && name.endsWith(`.${zone}`);) {
    const within = `.${name}`;
    if (names.some((each) => each === name || each.endsWith(within))) return undefined;
    name = name.slice(name.indexOf(".") + 1);
    const wildcard = inForce(sets.get(`*.${name}`) ?? []);
    if (wildcard.length > 0) return wildcard;
  }
  return undefined;
}

/** What answers for names below the base domain. */
export interface Source {
  sets: readonly RecordSet[];
  /** The wildcard answers for the base domain too: names below it make that exist as well. */
  above: boolean;
}

/** Where a source is read. */
export interface SourceOptions {
  baseDomain: string;
  dns: Pick<DnsProvider, "readName" | "readZone">;
  store: NameStore;
}

/**
 * Reads what answers for names below the base domain that have no records of their own.
 *
 * @param all the zone's sets, when they are known.
 */
export async function readSource(
  { baseDomain, dns, store }: SourceOptions,
  zone: DnsZone,
  all?: ZoneSets,
): Promise<Source> {
  const wildcard = `*.${baseDomain}`;
  const own = inForce(all?.get(wildcard) ?? await dns.readName(zone, wildcard));
  if (own.length > 0 && (await store.of(wildcard)).size === 0) return { sets: own, above: false };
  const sets = all ?? byName(await dns.readZone(zone));
  const higher = wildcardAbove(baseDomain, zone.name, sets, new Set((await store.all()).keys()));
  return higher === undefined ? { sets: own, above: false } : { sets: higher, above: true };
}

/** A text that is another where the source is. */
export function sourceText({ sets, above }: Source): string {
  return JSON.stringify([above, sets.map((set) => [set.type, set.ttl, contentsOf(set)]).sort()]);
}

/** Whether a challenge stands below a name. */
export function hasChallenge(name: string, sets: ZoneSets): boolean {
  return (sets.get(CHALLENGE + name) ?? [])
    .some((set) => set.type === "TXT" && !isEmpty(set));
}
