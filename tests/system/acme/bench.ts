import { type AcmeAuthority, openAcmeAuthority } from "../../../lib/acme/acme_authority.ts";
import type { AcmeAuthorityOptions } from "../../../lib/acme/acme_authority.ts";
import { temporaryFolder } from "../../certificate/helpers.ts";
import {
  API_KEY,
  type PebbleOptions,
  type PebbleServer,
  type PowerDnsOptions,
  type PowerDnsServer,
  startPebble,
  startPowerDns,
  type ZoneServer,
} from "./servers.ts";

/** The base domain, and the zone, of these tests. */
export const BASE = "glosson.test";

/** What the relay's certificate names. */
export const NAMES = [BASE, `*.${BASE}`];

/** Pebble, a server that holds the zone, and a state folder. */
export interface OrderBench<D extends ZoneServer = ZoneServer> extends AsyncDisposable {
  pebble: PebbleServer;
  dns: D;
  stateDir: string;
  /** What {@linkcode openAcmeAuthority} takes to use them. */
  options: AcmeAuthorityOptions;
  /** Opens an authority that is closed with the bench. */
  open(overrides?: Partial<AcmeAuthorityOptions>): Promise<AcmeAuthority>;
}

/** Starts the servers of a test. */
export async function orderBench<D extends ZoneServer>(
  startDns: () => Promise<D>,
  more: Partial<PebbleOptions> = {},
): Promise<OrderBench<D>> {
  await using started = new AsyncDisposableStack();
  const folder = started.use(temporaryFolder());
  const dns = started.use(await startDns());
  const pebble = started.use(await startPebble({ dnsPort: dns.dnsPort, ...more }));
  const options: AcmeAuthorityOptions = {
    stateDir: folder.path,
    directoryUrl: pebble.directoryUrl,
    caPem: pebble.caPem,
    email: "operator@glosson.test",
    dns: dns.provider(),
    dnsServers: [{ host: "127.0.0.1", port: dns.dnsPort }],
  };
  // From here on the bench's to end.
  const stack = started.move();
  return {
    pebble,
    dns,
    stateDir: folder.path,
    options,
    async open(overrides = {}): Promise<AcmeAuthority> {
      const authority = await openAcmeAuthority({ ...options, ...overrides });
      stack.defer(() => authority.close());
      return authority;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** A bench whose zone PowerDNS holds. */
export interface AcmeBench extends OrderBench<PowerDnsServer> {
  /** How the PowerDNS is reached. */
  powerDns: { apiUrl: string; apiKey: string };
}

/** Starts the servers of a test, PowerDNS among them. */
export async function acmeBench(
  more: Partial<PebbleOptions> & { dns?: PowerDnsOptions } = {},
): Promise<AcmeBench> {
  const bench = await orderBench(() => startPowerDns({ zones: [BASE], ...more.dns }), more);
  return { ...bench, powerDns: { apiUrl: bench.dns.apiUrl, apiKey: API_KEY } };
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
