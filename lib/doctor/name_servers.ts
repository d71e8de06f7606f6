import type { Settings } from "../config/settings.ts";
import { authoritativeServers, serialsAt } from "../dns/name_servers.ts";
import { openProvider } from "../dns_provider.ts";
import { fault, type Finding, ok, skipped, warning } from "./finding.ts";

const CHECK = "name servers";

/** Looks whether each name server that challenges are looked for at answers for the zone. */
export async function checkNameServers(settings: Settings): Promise<Finding> {
  const { authority, baseDomain, dnsServers } = settings;
  if (authority !== "acme") return skipped(CHECK, "are not asked by the local authority");
  try {
    // Tries once: what is wrong with the server of the zone is told by its own check.
    const dns = await openProvider(settings, { retryForMs: 0 });
    const zone = await dns.findZone(baseDomain);
    const servers = await authoritativeServers(dns, zone, dnsServers);
    const serials = await serialsAt(zone.name, servers);
    const silent = servers.filter(({ addresses }) => !addresses.some((at) => serials.has(at)));
    const labels = silent.map(({ label }) => label).join(" and ");
    if (silent.length === 0) {
      const those = servers.map(({ label }) => label).join(" and ");
      return ok(CHECK, `${those} ${servers.length === 1 ? "answers" : "answer"} for ${zone.name}`);
    }
    const found = silent.length < servers.length ? warning : fault;
    return found(
      CHECK,
      `${labels} ${silent.length === 1 ? "does" : "do"} not answer for ${zone.name}`,
      `check that it runs, holds the zone and can be reached (port 53, UDP and TCP), or take it out of the zone's NS records (GLOSSOND_DNS_SERVERS, where that is set)`,
    );
  } catch (error) {
    return skipped(CHECK, `could not be asked: ${(error as Error).message}`);
  }
}
