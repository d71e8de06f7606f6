import { type PdnsZone, type PowerDns, TRUST_FIX } from "../dns/power_dns.ts";
import { powerDnsOf } from "../dns_provider.ts";
import { networkCause } from "../net/network_cause.ts";
import { headerSecret } from "../wire/secret.ts";
import type { Settings } from "../config/settings.ts";
import { fault, type Finding, ok, skipped, warning } from "./finding.ts";
import { ask } from "./services.ts";

const CHECK = "PowerDNS API";

/** Asks the PowerDNS API for the zone that the base domain lies in. */
export async function checkPowerDns(settings: Settings): Promise<Finding[]> {
  const { pdnsApiUrl, pdnsApiKey, pdnsServerId, baseDomain } = settings;
  if (settings.authority !== "acme") return [skipped(CHECK, "is not used by the local authority")];
  const apiUrl = pdnsApiUrl!;
  const path = `/api/v1/servers/${encodeURIComponent(pdnsServerId)}`;
  const key = headerSecret("POWERDNS_API_KEY", pdnsApiKey!);
  const answer = await ask(apiUrl + path, { headers: { "X-API-Key": key } });
  if (answer instanceof Error) {
    const { why, untrusted } = networkCause(answer);
    const fix =
      "check GLOSSOND_PDNS_API_URL, and webserver-address and webserver-allow-from in pdns.conf";
    return [fault(CHECK, `${apiUrl}: ${why}`, untrusted ? TRUST_FIX : fix)];
  }
  await answer.body?.cancel();
  if (answer.status === 401 || answer.status === 403) {
    return [fault(
      CHECK,
      `${apiUrl} refuses the key`,
      "put the api-key of pdns.conf into the secrets file as POWERDNS_API_KEY",
    )];
  }
  if (!answer.ok) {
    return [fault(
      CHECK,
      `${apiUrl}${path} answers ${answer.status}`,
      "check GLOSSOND_PDNS_API_URL, GLOSSOND_PDNS_SERVER_ID, and api=yes in pdns.conf",
    )];
  }
  try {
    const dns = powerDnsOf(settings);
    const zone = await dns.findZone(baseDomain);
    const found = ok(CHECK, `${apiUrl} holds ${baseDomain} in zone ${zone.name}`);
    return [found, ...await checkSigning(dns, zone)];
  } catch (error) {
    const { message } = error as Error;
    const [, what = message, fix = "look at this PowerDNS and its log"] =
      /^(.*?): ((?:check|create|set) .*)$/
        .exec(message) ?? [];
    return [fault(CHECK, what, fix)];
  }
}

/** Denials of existence in a signed zone are made from an order that has to be kept up. */
async function checkSigning(dns: PowerDns, zone: PdnsZone): Promise<Finding[]> {
  const { signed, rectified } = await dns.signing(zone);
  if (!signed || rectified) return [];
  return [warning(
    "DNSSEC",
    `zone ${zone.name} is signed, and PowerDNS does not rectify it after changes by its API`,
    `set default-api-rectify=yes in pdns.conf, or pdnsutil set-meta ${zone.name} API-RECTIFY 1`,
  )];
}
