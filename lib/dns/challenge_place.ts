import { type DnsProvider, type DnsZone, NoZoneError, plainName } from "./provider.ts";

/** What challenges stand below a name with (RFC 8555 section 8.4). */
export const CHALLENGE = "_acme-challenge.";

/** How many CNAME records are followed one after another; more is a mistake. */
const MAX_ALIASES = 8;

/** Where a challenge's values are written. */
export interface ChallengePlace {
  /** No trailing dot. */
  name: string;
  zone: DnsZone;
  /** The names whose CNAME records lead there, one after another. */
  aliases: readonly string[];
}

/**
 * Finds where the values of a challenge at `name` belong: there, or where CNAME records lead from
 * there. Authorities follow them (RFC 8555, section 8.4, by way of RFC 1034, section 3.6.2), and
 * nothing else may stand beside one.
 *
 * @throws {Error} when they lead out of this server's zones or in a circle, or when NS records give the
 *   name to servers elsewhere (RFC 1034, section 4.2.1); the message has the fix.
 */
export async function findChallengePlace(
  dns: Pick<DnsProvider, "label" | "findZone" | "read">,
  name: string,
): Promise<ChallengePlace> {
  const way = [name];
  for (let at = name;;) {
    const zone = await dns.findZone(at).catch((error) => {
      if (way.length === 1 || !(error instanceof NoZoneError)) throw error;
      throw new Error(
        `The CNAME record at ${
          way.at(-2)
        } leads to ${at}, and ${dns.label} holds no zone for that: let it lead into one that it holds, or remove it`,
        { cause: error },
      );
    });
    await checkNotDelegated(dns, zone, at);
    const { values: [target] } = await dns.read(zone, at, "CNAME");
    if (target === undefined) return { name: at, zone, aliases: way.slice(0, -1) };
    at = plainName(target);
    if (way.includes(at) || way.length > MAX_ALIASES) {
      throw new Error(
        `The CNAME records from ${name} lead to no end (${
          [...way, at].join(", ")
        }): remove one of them`,
      );
    }
    way.push(at);
  }
}

/** The name and those above it, up to the zone: NS records at one of them give the name away. */
export function namesUpTo(zone: DnsZone, name: string): string[] {
  const names: string[] = [];
  const below = `.${zone.name}`;
  for (let at = name; at.endsWith(below); at = at.slice(at.indexOf(".") + 1)) names.push(at);
  return names;
}

/** Checks that the zone answers for a name itself: what is written below a zone cut, nobody sees. */
async function checkNotDelegated(
  dns: Pick<DnsProvider, "label" | "read">,
  zone: DnsZone,
  name: string,
): Promise<void> {
  for (const cut of namesUpTo(zone, name)) {
    const { values } = await dns.read(zone, cut, "NS");
    if (values.length === 0) continue;
    throw new Error(
      `${cut} is delegated to ${
        values.map(plainName).join(", ")
      } by NS records in zone ${zone.name}, so a challenge that ${dns.label} holds at ${name} is seen by nobody: remove those records, or hold a zone ${cut} there`,
    );
  }
}
