import { DomainChecks } from "../account/domain_checks.ts";
import { OwnDomains } from "../account/own_domains.ts";
import { lookWhereItPoints } from "../dns/pointing.ts";
import { Places } from "../net/places.ts";
import type { DomainOwners } from "../store/domains.ts";
import { labelBelow } from "../wire/names.ts";
import type { Ground } from "./ground.ts";

/** Domains that are looked at, at once: all, and those of a user. */
const LOOKS = { total: 32, perKey: 2 } as const;

/** Users' own domains. */
export interface Domains {
  domains: OwnDomains;
  owners: DomainOwners;
}

/** Builds users' own domains, and the looks at whether they still lead to them. */
export async function buildDomains(
  { store, settings, hostnameOf, log, onClose }: Ground,
): Promise<Domains> {
  const { baseDomain, publicDataHost } = settings;
  const look = (domain: string) => lookWhereItPoints(domain, { servers: settings.dnsServers });
  const domains = new OwnDomains({
    domains: store.domains,
    look,
    hostnameOf,
    isOurs: (domain) =>
      domain === baseDomain || domain === publicDataHost ||
      labelBelow(domain, baseDomain) !== undefined,
    perUser: () => settings.maxDomainsPerUser,
    places: new Places(LOOKS),
  });
  const checks = new DomainChecks({ domains: store.domains, look, hostnameOf, log });
  onClose(() => checks.stop());
  return { domains, owners: await store.domains.owners() };
}
