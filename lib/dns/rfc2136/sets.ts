import type { RecordSet } from "../provider.ts";
import type { DnsAnswer, InRecord } from "./message.ts";
import { readValue, typeName } from "./rdata.ts";

/** Types that a server that signs a zone makes by itself: RRSIG, NSEC, NSEC3 (RFC 4034, RFC 5155). */
const MADE_BY_SIGNING = [46, 47, 50];

/** Gathers records into sets, in the order of their arrival. */
export class SetCollector {
  #sets = new Map<string, RecordSet & { values: string[] }>();

  /** @throws {Error} when the record's RDATA is none of its type. */
  add({ bytes }: DnsAnswer, record: InRecord): void {
    if (MADE_BY_SIGNING.includes(record.type)) return;
    const { name, ttl } = record;
    const type = typeName(record.type);
    const key = `${type} ${name}`;
    const set = this.#sets.get(key) ?? { name, type, ttl, values: [] };
    set.values.push(readValue(bytes, record));
    this.#sets.set(key, set);
  }

  all(): RecordSet[] {
    return [...this.#sets.values()];
  }
}
