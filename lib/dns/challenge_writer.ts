/**
 * Names in the DNS: challenges, and the records that users' names need beside them. Imports the ground
 * floor and the interfaces of `store`.
 *
 * @module
 */
import type { ChallengeJournal, ChallengeValue } from "./challenge_journal.ts";
import { type ChallengePlace, findChallengePlace } from "./challenge_place.ts";
import { type DnsProvider, type DnsZone, isEmpty, type RecordSet } from "./provider.ts";
import type { DnsTurn } from "./turn.ts";

/** How long resolvers may keep a challenge; it is needed for seconds only. */
const TTL_S = 60;

/** How often a value that another writer has wiped is written again. */
const REWRITES = 6;

/** Options for {@linkcode createChallengeWriter}. */
export interface ChallengeWriterOptions {
  dns: Pick<DnsProvider, "label" | "findZone" | "read" | "replace" | "notify" | "forget">;
  journal: ChallengeJournal;
  inTurn: DnsTurn;
}

/** Puts challenge values into the DNS and takes them out again, one write after another. */
export interface ChallengeWriter {
  /**
   * Adds values for a challenge at a name beside those of others, where CNAME records lead from there;
   * resolves when they read back, with where that is.
   */
  add(name: string, values: readonly string[]): Promise<ChallengePlace>;
  /**
   * Removes values of ours, leaving others'; no error when they are gone already. Where it rejects, they
   * are removed with the next value that is added, or by {@linkcode ChallengeWriter.recover}.
   */
  remove(name: string, values: readonly string[]): Promise<void>;
  /** Removes what could not be removed before, and what processes that are gone have left; returns how many values that were. */
  recover(): Promise<number>;
}

/** Makes the one writer of challenges of a process. */
// deno-lint-ignore lengths/function -- short functions that share the journal
export function createChallengeWriter(options: ChallengeWriterOptions): ChallengeWriter {
  const { dns, journal, inTurn } = options;

  /** Reads, changes, writes and reads back until the set has all of `wanted`, none of `unwanted`. */
  async function change(
    name: string,
    { wanted = [], unwanted = [] }: { wanted?: readonly string[]; unwanted?: readonly string[] },
  ): Promise<DnsZone> {
    const zone = await dns.findZone(name);
    for (let attempt = 0;; attempt++) {
      const present = await dns.read(zone, name, "TXT");
      const missing = wanted.map(quoted).filter((value) => !present.values.includes(value));
      const kept = present.values.filter((value) => !unwanted.map(quoted).includes(value));
      if (missing.length === 0 && kept.length === present.values.length) {
        if (attempt === 0) return zone;
        // Without it secondaries follow late, which is waited for: no reason to fail here.
        await dns.notify(zone).catch(() => {});
        return await dns.findZone(name); // with its new serial
      }
      if (attempt === REWRITES) {
        throw new Error(
          `Cannot keep TXT values at ${name}: something else overwrites them; end the other ACME client, or give it another name`,
        );
      }
      const ttl = ttlOf({ ...present, values: kept });
      await dns.replace(zone, [{ ...present, ttl, values: [...kept, ...missing] }]);
      if (!isOurs(name)) lowered.delete(name);
    }
  }

  /** TTLs that others' values had before a challenge stood beside them, by name. */
  const lowered = new Map<string, number>();

  /** The set has one TTL: others' values keep theirs if it is lower, and have it back afterwards. */
  function ttlOf(others: RecordSet): number {
    const { name, ttl } = others;
    if (isEmpty(others)) return TTL_S;
    if (!isOurs(name)) return ttl === TTL_S ? lowered.get(name) ?? ttl : ttl;
    if (ttl > TTL_S) lowered.set(name, ttl);
    return Math.min(ttl, TTL_S);
  }

  /**
   * Values to be removed, by where they are. Noted before anybody waits for a turn: there may be none for
   * now. Should this process end first, the journal knows them.
   */
  const owed = new Map<string, Set<string>>();

  /** Removes what is owed at these names, as far as that can be; returns how many values that were. */
  async function pay(names: readonly string[]): Promise<number> {
    let count = 0;
    const failures: unknown[] = [];
    for (const name of names) {
      const values = [...owed.get(name) ?? []];
      if (values.length === 0) continue;
      try {
        await change(name, { unwanted: values });
        await journal.removed(entries(name, values));
        forgive(name, values);
        count += values.length;
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
    return count;
  }

  function forgive(name: string, values: readonly string[]): void {
    const left = owed.get(name)?.difference(new Set(values)) ?? new Set();
    if (left.size > 0) owed.set(name, left);
    else owed.delete(name);
  }

  /** Where each value was written: a CNAME record can change before it is removed. */
  const placed = new Map<string, string>();

  /** Whether a challenge is to stand at that name. */
  function isOurs(name: string): boolean {
    return placed.values().some((at) => at === name);
  }

  function add(name: string, values: readonly string[]): Promise<ChallengePlace> {
    return inTurn(async () => {
      await pay([...owed.keys()]).catch(() => {});
      const place = await findChallengePlace(dns, name);
      for (const value of values) placed.set(value, place.name);
      // An order that goes on has the values that it had.
      forgive(place.name, values);
      await journal.added(entries(place.name, values));
      const zone = await change(place.name, { wanted: values });
      // Else who asks may be told what was there before.
      for (const alias of place.aliases) await dns.forget?.(alias).catch(() => {});
      return { ...place, zone };
    });
  }

  async function remove(name: string, values: readonly string[]): Promise<void> {
    const left = values.map((value) => ({ name: placed.get(value) ?? name, value }));
    const groups = groupByName(left);
    for (const [at, ours] of groups) owed.set(at, new Set([...owed.get(at) ?? [], ...ours]));
    for (const value of values) placed.delete(value);
    await inTurn(() => pay([...groups.keys()]));
  }

  async function recover(): Promise<number> {
    // A zone whose server is away keeps none from what the dead have left elsewhere.
    const [own] = await Promise.allSettled([
      owed.size > 0 ? inTurn(() => pay([...owed.keys()])) : 0,
    ]);
    let count = own.status === "fulfilled" ? own.value : 0;
    await journal.recover((left) =>
      inTurn(async () => {
        for (const [name, values] of groupByName(left)) await change(name, { unwanted: values });
        count += left.length;
      })
    );
    if (own.status === "rejected") throw own.reason;
    return count;
  }

  return { add, remove, recover };
}

function entries(name: string, values: readonly string[]): ChallengeValue[] {
  return values.map((value) => ({ name, value }));
}

function groupByName(left: readonly ChallengeValue[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { name, value } of left) groups.set(name, [...(groups.get(name) ?? []), value]);
  return groups;
}

/** Challenge values are base64url, so quotes are all that presentation adds to them. */
function quoted(value: string): string {
  return `"${value}"`;
}
