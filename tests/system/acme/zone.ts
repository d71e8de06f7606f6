import type { PowerDnsServer } from "./servers.ts";

/** What stands in a zone at a name and below it, as `NAME. TYPE VALUE`. */
export async function standsIn(
  dns: PowerDnsServer,
  zone: string,
  name: string,
): Promise<string[]> {
  const { rrsets } = await dns.api("GET", `/zones/${zone}.`) as {
    rrsets: { name: string; type: string; records: { content: string }[] }[];
  };
  return rrsets.filter((set) => set.name === `${name}.` || set.name.endsWith(`.${name}.`))
    .flatMap((set) => set.records.map(({ content }) => `${set.name} ${set.type} ${content}`))
    .sort();
}

/** Writes sets into a zone at once, as the operator would; one without contents is deleted. */
export async function writeSets(
  dns: PowerDnsServer,
  zone: string,
  ...sets: [name: string, type: string, ...contents: string[]][]
): Promise<void> {
  await dns.api("PATCH", `/zones/${zone}.`, {
    rrsets: sets.map(([name, type, ...contents]) => ({
      name: `${name}.`,
      type,
      ttl: 300,
      changetype: contents.length > 0 ? "REPLACE" : "DELETE",
      records: contents.map((content) => ({ content, disabled: false })),
    })),
  });
}

/** A base domain as README asks for it: its own addresses and the wildcard's. */
export async function writeZone(dns: PowerDnsServer, base: string): Promise<void> {
  await writeSets(
    dns,
    base,
    [base, "A", "127.0.0.9"],
    [base, "AAAA", "::9"],
    [`*.${base}`, "A", "127.0.0.9"],
    [`*.${base}`, "AAAA", "::9"],
  );
}
