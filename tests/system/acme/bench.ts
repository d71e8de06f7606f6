import { type AcmeAuthority, openAcmeAuthority } from "../../../lib/acme/acme_authority.ts";
import type { AcmeAuthorityOptions } from "../../../lib/acme/acme_authority.ts";
import { createPowerDns } from "../../../lib/dns/power_dns.ts";
import { temporaryFolder } from "../../certificate/helpers.ts";
import {
  API_KEY,
  type PebbleOptions,
  type PebbleServer,
  type PowerDnsOptions,
  type PowerDnsServer,
  startPebble,
  startPowerDns,
} from "./servers.ts";

/** The base domain, and the zone, of these tests. */
export const BASE = "glosson.test";

/** What the relay's certificate names. */
export const NAMES = [BASE, `*.${BASE}`];

/** Pebble, PowerDNS and a state folder. */
export interface AcmeBench extends AsyncDisposable {
  pebble: PebbleServer;
  dns: PowerDnsServer;
  stateDir: string;
  /** How the PowerDNS is reached. */
  powerDns: { apiUrl: string; apiKey: string };
  /** What {@linkcode openAcmeAuthority} takes to use them. */
  options: AcmeAuthorityOptions;
  /** Opens an authority that is closed with the bench. */
  open(overrides?: Partial<AcmeAuthorityOptions>): Promise<AcmeAuthority>;
}

/** Starts the servers of a test. */
export async function acmeBench(
  more: Partial<PebbleOptions> & { dns?: PowerDnsOptions } = {},
): Promise<AcmeBench> {
  const stack = new AsyncDisposableStack();
  const folder = stack.use(temporaryFolder());
  const dns = stack.use(await startPowerDns({ zones: [BASE], ...more.dns }));
  const pebble = stack.use(await startPebble({ dnsPort: dns.dnsPort, ...more }));
  const powerDns = { apiUrl: dns.apiUrl, apiKey: API_KEY };
  const options: AcmeAuthorityOptions = {
    stateDir: folder.path,
    directoryUrl: pebble.directoryUrl,
    caPem: pebble.caPem,
    email: "operator@glosson.test",
    dns: createPowerDns(powerDns),
    dnsServers: [`127.0.0.1:${dns.dnsPort}`],
  };
  return {
    pebble,
    dns,
    stateDir: folder.path,
    powerDns,
    options,
    async open(overrides = {}): Promise<AcmeAuthority> {
      const authority = await openAcmeAuthority({ ...options, ...overrides });
      stack.defer(() => authority.close());
      return authority;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Puts TXT values at a name, as another program would. */
export async function putTxt(dns: PowerDnsServer, name: string, values: string[]): Promise<void> {
  await dns.api("PATCH", `/zones/${BASE}.`, {
    rrsets: [{
      name: `${name}.`,
      type: "TXT",
      ttl: 300,
      changetype: "REPLACE",
      records: values.map((value) => ({ content: `"${value}"`, disabled: false })),
    }],
  });
}
