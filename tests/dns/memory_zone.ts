import type { DnsProvider, RecordSet } from "../../lib/dns/provider.ts";

/** A zone in memory. */
export interface MemoryZone {
  dns: DnsProvider;
  /** The values at a name, by type. */
  at(name: string): Record<string, readonly string[]>;
  /** Replaces a set. */
  put(name: string, type: string, ...values: string[]): void;
}

/** Makes a {@linkcode MemoryZone}: tests of what is written, without a server. */
export function memoryZone(zone: string): MemoryZone {
  const sets = new Map<string, RecordSet>();
  const setsAt = (name: string) => [...sets.values()].filter((set) => set.name === name);

  function put(set: RecordSet): void {
    const key = `${set.name} ${set.type}`;
    if (set.values.length === 0) sets.delete(key);
    else sets.set(key, set);
  }

  return {
    dns: {
      label: "the zone",
      findZone: () => Promise.resolve({ name: zone, serial: 1 }),
      read: (_, name, type) =>
        Promise.resolve(sets.get(`${name} ${type}`) ?? { name, type, ttl: 0, values: [] }),
      readName: (_, name) => Promise.resolve(setsAt(name)),
      readZone: () => Promise.resolve([...sets.values()]),
      replace: (_, all) => Promise.resolve(all.forEach(put)),
      notify: () => Promise.resolve(),
      serialFix: () => "",
    },
    at: (name) => Object.fromEntries(setsAt(name).map(({ type, values }) => [type, values])),
    put: (name, type, ...values) => put({ name, type, ttl: 60, values }),
  };
}
