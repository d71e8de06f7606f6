import { createPowerDns, type PowerDns } from "./dns/power_dns.ts";
import type { Settings } from "./config/settings.ts";

/** What whoever opens a provider may want of it. */
export interface ProviderOptions {
  /** Told of everything that has to be asked again. */
  onRetry?: (why: string) => void;
  /** How long what fails for a passing reason is tried again. @default as long as the provider does */
  retryForMs?: number;
}

/**
 * The PowerDNS server that the settings name.
 *
 * @throws {Error} when they name none.
 */
export function powerDnsOf(settings: Readonly<Settings>, options: ProviderOptions = {}): PowerDns {
  const { pdnsApiUrl: apiUrl, pdnsApiKey, pdnsServerId: serverId } = settings;
  if (apiUrl === undefined || pdnsApiKey === undefined) {
    throw new Error("Set GLOSSOND_PDNS_API_URL and POWERDNS_API_KEY to write to the zone");
  }
  // Read at each request: the daemon's settings can change while it runs.
  return createPowerDns({ apiUrl, apiKey: () => settings.pdnsApiKey!, serverId, ...options });
}
