import { createPowerDns, type PowerDns } from "./dns/power_dns.ts";
import type { DnsProvider } from "./dns/provider.ts";
import { createRfc2136 } from "./dns/rfc2136.ts";
import type { TryAgainOptions } from "./dns/try_again.ts";
import type { Settings } from "./config/settings.ts";

/** How each provider is made of the settings. */
const PROVIDERS: Record<
  Settings["dns"],
  (settings: Readonly<Settings>, options: TryAgainOptions) => DnsProvider
> = { powerdns: powerDnsOf, rfc2136: rfc2136Of };

/**
 * Opens what the settings say holds the zone. Keys are read at each use of them, since the daemon's
 * settings can change while it runs.
 *
 * @throws {Error} when they name no server or no key.
 */
export function openProvider(
  settings: Readonly<Settings>,
  options: TryAgainOptions = {},
): DnsProvider {
  return PROVIDERS[settings.dns](settings, options);
}

/** As {@linkcode openProvider}, for what only PowerDNS can be asked. */
export function powerDnsOf(settings: Readonly<Settings>, options: TryAgainOptions = {}): PowerDns {
  const { pdnsApiUrl: apiUrl, pdnsApiKey, pdnsServerId: serverId } = settings;
  if (apiUrl === undefined || pdnsApiKey === undefined) {
    throw new Error("Set GLOSSOND_PDNS_API_URL and POWERDNS_API_KEY to write to the zone");
  }
  return createPowerDns({ apiUrl, apiKey: () => settings.pdnsApiKey!, serverId, ...options });
}

function rfc2136Of(settings: Readonly<Settings>, options: TryAgainOptions): DnsProvider {
  const { rfc2136Server: server, rfc2136KeyName, rfc2136KeySecret } = settings;
  if (server === undefined || rfc2136KeyName === undefined || rfc2136KeySecret === undefined) {
    throw new Error(
      "Set GLOSSOND_RFC2136_SERVER, GLOSSOND_RFC2136_KEY_NAME and RFC2136_KEY_SECRET to write to the zone",
    );
  }
  const key = () => ({
    name: settings.rfc2136KeyName!,
    algorithm: settings.rfc2136KeyAlgorithm,
    secret: settings.rfc2136KeySecret!,
  });
  return createRfc2136({ server, key, ...options });
}
