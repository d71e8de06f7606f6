import { type DnsProvider, type DnsZone, NoZoneError } from "./provider.ts";

/** How many CNAME records are followed one after another; more is a mistake. */
const MAX_ALIASES = 8;

/** Where a challenge's values are written. */
export interface ChallengePlace {
  /** No trailing dot. */
  name: string;
  zone: DnsZone;
}

/**
 * Finds where the values of a challenge at `name` belong: there, or where CNAME records lead from
 * there. Authorities follow them (RFC 8555, section 8.4, by way of RFC 1034, section 3.6.2), and
 * nothing else may stand beside one.
 *
 * @throws {Error} when they lead out of this server's zones, or in a circle; the message has the fix.
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
    const { values: [target] } = await dns.read(zone, at, "CNAME");
    if (target === undefined) return { name: at, zone };
    at = target.toLowerCase().replace(/\.$/, "");
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
