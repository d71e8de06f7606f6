/**
 * What proving names, and keeping them in the DNS, needs of a server that holds their zones.
 *
 * All names are in lower case and without a trailing dot, all values in the presentation format of
 * zone files (RFC 1035 section 5.1): host names in them end with a dot, texts stand in quotes.
 */

/** All records of one name and type. */
export interface RecordSet {
  name: string;
  /** The type's mnemonic, e.g. `TXT`, or `TYPE` and its number (RFC 3597). */
  type: string;
  /** Seconds that resolvers may keep the records; 0 where there are none. */
  ttl: number;
  /** What the server answers with; empty when there are no records. */
  values: readonly string[];
  /** What it keeps beside them and does not answer with, where it can do that. @default none */
  disabled?: readonly string[];
}

/** A zone that the server holds, as it stood when it was found. */
export interface DnsZone {
  readonly name: string;
  /** Rises with each change (RFC 1982). */
  readonly serial: number;
}

/** The server holds no zone for a name. */
export class NoZoneError extends Error {
  override name = "NoZoneError";
}

/**
 * A server to which zones can be written.
 *
 * Every method rejects with an {@linkcode Error} whose message names the cause and the fix in one
 * sentence when the server cannot be reached, does not answer in time, or refuses; what may pass by
 * itself has been tried again before. A zone is handed back only to the provider that found it. Reads
 * tell what stands at a name itself, never what a wildcard answers for it (RFC 4592), and see what was
 * written before. Who reads, changes and writes does so in the turn of `turn.ts`.
 */
export interface DnsProvider {
  /** What people call the server, within a sentence. */
  readonly label: string;
  /**
   * The zone that `name` lies in: the longest match that the server holds.
   *
   * @throws {NoZoneError} when it holds none.
   */
  findZone(name: string): Promise<DnsZone>;
  /** The set of that name and type; empty when there is none. */
  read(zone: DnsZone, name: string, type: string): Promise<RecordSet>;
  /** Every set of that name. */
  readName(zone: DnsZone, name: string): Promise<RecordSet[]>;
  /** Every set of the zone. */
  readZone(zone: DnsZone): Promise<RecordSet[]>;
  /**
   * Replaces sets as a whole, in this order; an empty one is deleted. The sets of one name change at
   * once: nobody sees a part of it.
   */
  replace(zone: DnsZone, sets: readonly RecordSet[]): Promise<void>;
  /** Tells the zone's other servers of a change, where this one does not do that by itself. */
  notify(zone: DnsZone): Promise<void>;
  /**
   * Has the server forget what it has answered for a name, where it goes on to give that though what the
   * name's CNAME record leads to has changed.
   */
  forget?(name: string): Promise<void>;
  /** For people: how to have changes raise the serial of a zone there. */
  serialFix(zone: string): string;
}

/** Types that say where a name is; `ALIAS` and `LUA` are what some servers make addresses from. */
export const ADDRESS_TYPES: readonly string[] = ["A", "AAAA", "CNAME", "ALIAS", "LUA"];

/**
 * The hosts of a zone's name servers as the zone itself has them, without a trailing dot: what a resolver
 * says of them may be old, or be of another network.
 */
export async function nameServersOf(
  dns: Pick<DnsProvider, "read">,
  zone: DnsZone,
): Promise<string[]> {
  const { values } = await dns.read(zone, zone.name, "NS");
  return values.map(plainName);
}

/** A host name of a value as names are written here: in lower case, without a trailing dot. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}

/** Whether nothing stands there, not even a disabled record. */
export function isEmpty({ values, disabled = [] }: RecordSet): boolean {
  return values.length === 0 && disabled.length === 0;
}
