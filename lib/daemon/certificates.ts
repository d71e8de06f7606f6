import { join } from "node:path";
import { openAuthority, readCaFile } from "../authority.ts";
import type { Authority } from "../certificate/authority.ts";
import type { Settings } from "../config/settings.ts";
import type { NameKeeper, NameKeeperOptions } from "../dns/name_keeper.ts";
import { fileOfProcess } from "../file/process_file.ts";
import { createIssuance, type Issuance } from "../issuance/issuance.ts";
import { openSharedTurn } from "../store/open.ts";
import type { Store } from "../store/store.ts";
import { storePlaceOf } from "../store_place.ts";
import { hostOfUser, labelBelow, partsBelow } from "../wire/names.ts";
import { relayIdOf } from "./cluster.ts";
import type { Ground } from "./ground.ts";
import type { Accounts } from "./accounts.ts";
import { Turn } from "./turn.ts";

/**
 * In the state folder: held by the process that orders users' certificates. Processes of one relay order beside each
 * other, as relays that share a database do.
 */
const TURN_FILE = "orders.lock";

/** Who signs certificates, and how users get theirs. */
export interface Certificates {
  authority: Authority;
  /** How users' names stand in the DNS; absent where that is not this relay's affair. */
  names: NameKeeper | undefined;
  issuance: Issuance;
  /** Ends what orders and writes names, and leaves that to the next process of the state folder. */
  stopOrdering: () => Promise<void>;
}

/**
 * Opens the authority and the queue of users' orders.
 *
 * @throws {Error} when the authority cannot be used as it is set up.
 */
export async function buildCertificates(
  { process, store, settings, hostnameOf, log, onClose }: Ground,
  { namesBelow }: Pick<Accounts, "namesBelow">,
): Promise<Certificates> {
  const { authority, names, close } = await openAuthority(
    settings,
    log,
    {
      caPem: await readCaFile(settings),
      turn: await openSharedTurn(await storePlaceOf(settings)),
      names: { store: store.names, ...claimedNames(store, settings) },
      // Processes of one relay share its account.
      caa: { store: store.caa, relay: relayIdOf(settings, 1) },
    },
  );
  const turn = new Turn(join(settings.stateDir, fileOfProcess(TURN_FILE, process)), log);
  const issuance = createIssuance({
    store,
    turn: turn.come,
    authority,
    log,
    maxBelow: namesBelow,
    // A later certificate may name fewer, and the name may have been released meanwhile.
    onDone: (username) => void names?.settle(hostnameOf(username)),
    perAccountPerDay: settings.certificatesPerDay,
    // The embedded authority has no limit that the relay would have to keep to.
    perWeek: authority.kind === "local" ? Infinity : settings.certificatesPerWeek,
  });
  turn.come.then(() => names?.start());
  async function stop(): Promise<void> {
    await issuance.stop();
    await close();
    turn.end();
  }
  let stopping: Promise<void> | undefined;
  const stopOrdering = (): Promise<void> => stopping ??= stop();
  onClose(stopOrdering);
  return { authority, names, issuance, stopOrdering };
}

/** The names that users have, and those below that are in their certificates or are to be. */
function claimedNames(
  { accounts, orders }: Store,
  { baseDomain }: Settings,
): Pick<NameKeeperOptions, "claimed" | "isClaimed"> {
  return {
    async claimed() {
      const hosts = (await accounts.list()).map(({ username }) => hostOfUser(username, baseDomain));
      for (const [username, labels] of await orders.below()) {
        for (const label of labels) hosts.push(`${label}.${hostOfUser(username, baseDomain)}`);
      }
      return hosts;
    },
    async isClaimed(name) {
      const before = labelBelow(name, baseDomain);
      if (before === undefined) return false;
      const below = partsBelow(before);
      if (below === undefined) return await accounts.byUsername(before) !== undefined;
      return (await orders.below(below.username)).get(below.username)?.has(below.label) ?? false;
    },
  };
}
