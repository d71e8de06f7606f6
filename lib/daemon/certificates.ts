import { join } from "node:path";
import { openAuthority, readCaFile } from "../authority.ts";
import type { Authority } from "../certificate/authority.ts";
import type { NameKeeper } from "../dns/name_keeper.ts";
import { createIssuance, type Issuance } from "../issuance/issuance.ts";
import { openSharedTurn } from "../store/open.ts";
import { storePlaceOf } from "../store_place.ts";
import { labelBelow } from "../wire/names.ts";
import type { Ground } from "./ground.ts";
import { Turn } from "./turn.ts";

/** In the state folder: held by the process that orders users' certificates. */
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
  { store, settings, hostnameOf, log, onClose }: Ground,
): Promise<Certificates> {
  const { accounts } = store;
  const { authority, names, close } = await openAuthority(
    settings,
    log,
    {
      caPem: await readCaFile(settings),
      turn: await openSharedTurn(await storePlaceOf(settings)),
      names: {
        store: store.names,
        async claimed() {
          return (await accounts.list()).map(({ username }) => hostnameOf(username));
        },
        async isClaimed(name) {
          const username = labelBelow(name, settings.baseDomain);
          return username !== undefined && await accounts.byUsername(username) !== undefined;
        },
      },
    },
  );
  const turn = new Turn(join(settings.stateDir, TURN_FILE));
  const issuance = createIssuance({
    store,
    turn: turn.come,
    authority,
    log,
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
