import type { PowerDnsServer } from "./servers.ts";

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
