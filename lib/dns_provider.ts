import { createPowerDns, type PowerDns } from "./dns/power_dns.ts";
import type { DnsProvider } from "./dns/provider.ts";
import type { TryAgainOptions } from "./dns/try_again.ts";
import type { Settings } from "./config/settings.ts";

/** How each provider is made of the settings. */
const PROVIDERS: Record<
  Settings["dns"],
  (settings: Readonly<Settings>, options: TryAgainOptions) => DnsProvider | Promise<DnsProvider>
> = { powerdns: powerDnsOf, rfc2136: rfc2136Of };

/**
 * Opens what the settings say holds the zone. Keys are read at each use of them, since the daemon's
 * settings can change while it runs.
 *
 * @throws {Error} when they name no server or no key.
 */
export async function openProvider(
  settings: Readonly<Settings>,
  options: TryAgainOptions = {},
): Promise<DnsProvider> {
  return await PROVIDERS[settings.dns](settings, options);
}

/** As {@linkcode openProvider}, for what only PowerDNS can be asked. */
export function powerDnsOf(settings: Readonly<Settings>, options: TryAgainOptions = {}): PowerDns {
  const { pdnsApiUrl: apiUrl, pdnsApiKey, pdnsServerId: serverId } = settings;
  if (apiUrl === undefined || pdnsApiKey === undefined) {
    throw new Error("Set GLOSSOND_PDNS_API_URL and POWERDNS_API_KEY to write to the zone");
  }
  return createPowerDns({ apiUrl, apiKey: () => settings.pdnsApiKey!, serverId, ...options });
}

async function rfc2136Of(
  settings: Readonly<Settings>,
  options: TryAgainOptions,
): Promise<DnsProvider> {
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
  // With its library, which would hold up the start of those who do not use it.
  const { createRfc2136 } = await import("./dns/rfc2136.ts");
  return createRfc2136({ server, key, ...options });
}
