import { openProvider } from "../dns_provider.ts";
import type { Settings } from "../config/settings.ts";
import { fault, type Finding, ok, skipped } from "./finding.ts";

const CHECK = "DNS updates";

/** Asks the primary for the zone of the base domain, and whether the key may do what it has to. */
export async function checkRfc2136(settings: Settings): Promise<Finding[]> {
  if (settings.authority !== "acme") return [skipped(CHECK, "are not used by the local authority")];
  const { baseDomain, rfc2136KeyName } = settings;
  try {
    const dns = await openProvider(settings, { retryForMs: 0 });
    const zone = await dns.findZone(baseDomain);
    await dns.readZone(zone);
    // Nothing stands there, so that nothing is deleted; it is refused all the same without the right.
    const name = `doctor-${crypto.randomUUID().slice(0, 8)}.${baseDomain}`;
    await dns.replace(zone, [
      { name, type: "A", ttl: 0, values: [] },
      { name, type: "AAAA", ttl: 0, values: [] },
      { name: `_acme-challenge.${name}`, type: "TXT", ttl: 0, values: [] },
    ]);
    return [ok(CHECK, `the key ${rfc2136KeyName} may read zone ${zone.name} and write to it`)];
  } catch (error) {
    const mend =
      "compare the key and its rights there with those of OPERATING.md, The server of the zone";
    return [fault(CHECK, (error as Error).message, mend)];
  }
}
