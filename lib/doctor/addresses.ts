import type { Settings } from "../config/settings.ts";
import { parseIp, withPort } from "../wire/ip_address.ts";
import { hostOfRelay } from "../wire/names.ts";
import { addressesOf, nameServerOf } from "./dns.ts";
import { exchange, isApi, isDataPort } from "./exchange.ts";
import { type Finding, warning } from "./finding.ts";

/** A network that this machine has no way into says nothing of who is in one that has. */
const NO_WAY =
  /E(?:NET|HOST)UNREACH|EADDRNOTAVAIL|EAFNOSUPPORT|unreachable|no route|assign requested|address family/i;

/**
 * Looks at each public address by itself, where there are several: a browser or client that takes one which
 * does not answer waits for seconds before it tries another, or never does. Tells of those that do not,
 * while others do; where none does, the checks of the way there tell it.
 *
 * @param addresses those of the base domain.
 */
export async function checkAddresses(
  settings: Settings,
  addresses: readonly string[],
): Promise<Finding[]> {
  const { baseDomain, dnsServers } = settings;
  const relayHost = hostOfRelay(baseDomain);
  const port = settings.publicPort || settings.hubPort;
  const dataHost = settings.publicDataHost ?? relayHost;
  const dataPort = settings.publicDataPort ?? settings.dataPort;
  const found = parseIp(dataHost) === undefined && addresses.length > 0
    ? await addressesOf(dataHost, nameServerOf(dnsServers))
    : [];
  const groups = await Promise.all([
    checkEach(
      "front",
      addresses,
      port,
      async (host) =>
        isApi(await exchange({ host, port, serverName: relayHost, path: "/v1/relay" }), baseDomain),
      `have ${baseDomain} and *.${baseDomain} lead only to addresses at which port ${port} comes to a relay, and firewalls let it through for IPv4 and IPv6`,
    ),
    checkEach(
      "data port",
      found instanceof Error ? [] : found,
      dataPort,
      (host) => isDataPort(host, dataPort),
      `let TCP port ${dataPort} through in the firewall for IPv4 and IPv6 (GLOSSOND_DATA_HOST=:: listens on both), or set GLOSSOND_PUBLIC_DATA_HOST to where it is reached`,
    ),
  ]);
  return groups.flat();
}

async function checkEach(
  what: string,
  addresses: readonly string[],
  port: number,
  isRelay: (host: string) => Promise<boolean>,
  fix: string,
): Promise<Finding[]> {
  if (addresses.length < 2 || port === 0) return [];
  const whys = await Promise.all(
    addresses.map((host) =>
      isRelay(host).then((is) => is ? "" : "something else answers", (error) => error.message)
    ),
  );
  if (!whys.includes("")) return [];
  return addresses.flatMap((host, i) => {
    const why = whys[i]!;
    if (why === "" || NO_WAY.test(why)) return [];
    return [warning(`${what} at ${withPort(host, port)}`, `cannot be used from here: ${why}`, fix)];
  });
}
