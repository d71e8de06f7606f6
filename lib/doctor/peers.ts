import type { RelayLook } from "../cluster/postgres/open.ts";
import type { Settings } from "../config/settings.ts";
import { relayIdOf } from "../daemon/cluster.ts";
import { storePlaceOf } from "../store_place.ts";
import { VERSION } from "../version.ts";
import { withPort } from "../wire/ip_address.ts";
import { CLOCK_MS } from "./database.ts";
import { isDataPort } from "./exchange.ts";
import { fault, type Finding, ok, skipped, warning } from "./finding.ts";

/** Checks the other relays that share the database, if there are any: each as it is seen from here. */
export async function checkPeers(settings: Settings): Promise<Finding[]> {
  let relays: RelayLook[] | undefined;
  try {
    const { database } = await storePlaceOf(settings);
    if (database === undefined) return [];
    const { lookAtRelays } = await import("../cluster/postgres/open.ts");
    relays = await lookAtRelays(database);
  } catch {
    // The check of the database says why.
    return [skipped("other relays", "are not known while the database cannot be read")];
  }
  if (relays === undefined) {
    return [skipped("other relays", "are not known before this version's relay has started once")];
  }
  const me = relayIdOf(settings, 1);
  return (await Promise.all(relays.filter(({ id }) => id !== me).map(checkPeer))).flat();
}

async function checkPeer(relay: RelayLook): Promise<Finding[]> {
  const { id, version, alive, heardMs } = relay;
  const check = `relay ${id}`;
  if (!alive) {
    return [warning(
      check,
      `is not alive: it was last heard ${Math.round(heardMs / 1_000)} s ago`,
      "start it, or let no address of BASE lead to it; a week after its end it is forgotten",
    )];
  }
  const found = [await checkDataPort(check, relay), ...checkVersion(check, version)];
  return [...found, ...checkClock(check, relay.aheadMs)];
}

async function checkDataPort(
  check: string,
  { dataHost, dataPort, version }: RelayLook,
): Promise<Finding> {
  if (dataHost === null || dataPort === null) {
    return skipped(check, `${version} does not tell where its data port is`);
  }
  const there = withPort(dataHost, dataPort);
  const why = await isDataPort(dataHost, dataPort)
    .then((is) => is ? undefined : "something else answers", (error: Error) => error.message);
  if (why === undefined) return ok(check, `${version} is alive, and ${there} answers`);
  return fault(
    check,
    `its data port ${there} cannot be reached from here: ${why}`,
    "set GLOSSOND_PUBLIC_DATA_HOST and _PORT there to an address of that relay alone, and open the port to all",
  );
}

function checkVersion(check: string, version: string): Finding[] {
  if (version === VERSION) return [];
  return [warning(check, `runs ${version}, and this is ${VERSION}`, "bring both to one version")];
}

function checkClock(check: string, aheadMs: number | null): Finding[] {
  if (aheadMs === null || Math.abs(aheadMs) <= CLOCK_MS) return [];
  const seconds = Math.round(Math.abs(aheadMs) / 1_000);
  const where = aheadMs > 0 ? "ahead of" : "behind";
  return [
    warning(check, `its clock is ${seconds} s ${where} the database's`, "have all follow NTP"),
  ];
}
