/**
 * The builders of the relay's parts, one a file, and what all of them stand on. Imports all of `lib`.
 *
 * @module
 */
import { createMetrics, type Metrics } from "../admin/metrics.ts";
import type { Settings } from "../config/settings.ts";
import type { Store } from "../store/store.ts";
import { openStore } from "../store/open.ts";
import { storePlaceOf } from "../store_place.ts";
import { openStateFolder } from "../file/state_folder.ts";
import { lockForUse } from "../file/state_lock.ts";
import { removeLeftWork } from "../file/work_folder.ts";
import type { Log } from "../log.ts";
import { COMMIT, VERSION } from "../version.ts";
import { hostOfRelay, hostOfUser } from "../wire/names.ts";
import { type Ceilings, fitCeilings } from "./ceilings.ts";
import { Listeners } from "./listeners.ts";
import { Notice } from "./notice.ts";

/** What parts ask to be called for. */
export interface Events {
  /** When the relay stops, last to first. */
  onClose: (close: () => unknown) => void;
  /** Where a setting that can change is built into a part; told the names of those that did. */
  onReload: (reload: (changed: readonly string[]) => void) => void;
}

/** What every part of the relay stands on. */
export interface Ground extends Events {
  /** Those that hold now: what can change is read where it is used. */
  settings: Readonly<Settings>;
  log: Log;
  listeners: Listeners;
  ceilings: Ceilings;
  store: Store;
  metrics: Metrics;
  /** Port at which visitors reach the hub. */
  publicPort: number;
  /** Where clients' data connections go. */
  data: { dataHost: string; dataPort: number };
  hostnameOf: (username: string) => string;
  /** Told a username: their session, parked connections and visitors end at once. */
  cutOff: Notice<string>;
  /** Told a username: their session was lost, and visitors that it did not answer end. */
  lost: Notice<string>;
}

/**
 * Opens the listeners, then the state.
 *
 * @param beside whether another relay listens at the same places, and is to be taken the place of: the
 * listeners are opened later then, and no port of the settings is 0.
 * @throws {Error} when one cannot be opened; the message names it and the fix.
 */
export async function layGround(
  settings: Readonly<Settings>,
  log: Log,
  events: Events,
  beside: boolean,
): Promise<Ground> {
  const { baseDomain, stateDir } = settings;
  const listeners = beside
    ? Listeners.beside(settings)
    : await Listeners.open(settings, events.onClose);
  const ceilings = await fitCeilings(settings, log);
  for (const { path, mode } of openStateFolder(stateDir)) {
    log.warn("was open to others, and is not any more", { path, mode: `0${mode.toString(8)}` });
  }
  const lock = await lockForUse(stateDir);
  events.onClose(() => lock.release());
  await removeLeftWork(stateDir);
  const store = await openStore(await storePlaceOf(settings));
  events.onClose(() => store.close());
  return {
    ...events,
    settings,
    log,
    listeners,
    ceilings,
    store,
    metrics: createMetrics(
      { version: VERSION, commit: COMMIT },
      { maxUsers: settings.metricsUsers, relay: settings.relayId },
    ),
    publicPort: settings.publicPort || listeners.port("hub"),
    data: {
      dataHost: settings.publicDataHost ?? hostOfRelay(baseDomain),
      dataPort: settings.publicDataPort ?? listeners.port("data"),
    },
    hostnameOf: (username) => hostOfUser(username, baseDomain),
    cutOff: new Notice(),
    lost: new Notice(),
  };
}
