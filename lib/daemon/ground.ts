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
import { relayIdOf } from "./cluster.ts";
import { Listeners } from "./listeners.ts";
import { Notice } from "./notice.ts";
import type { Standpoint } from "./standpoint.ts";

/** What parts ask to be called for. */
export interface Events {
  /** When the relay stops, last to first. */
  onClose: (close: () => unknown) => void;
  /** Where a setting that can change is built into a part; told the names of those that did. */
  onReload: (reload: (changed: readonly string[]) => void) => void;
}

/** What every part of the relay stands on. */
export interface Ground extends Events, Standpoint {
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
 * @throws {Error} when one cannot be opened; the message names it and the fix.
 */
export async function layGround(
  settings: Readonly<Settings>,
  log: Log,
  events: Events,
  { process, beside }: Standpoint,
): Promise<Ground> {
  const { baseDomain, stateDir } = settings;
  const listeners = await Listeners.open(settings, beside, events.onClose);
  const ceilings = await fitCeilings(settings, log);
  for (const { path, mode } of openStateFolder(stateDir)) {
    log.warn("was open to others, and is not any more", { path, mode: `0${mode.toString(8)}` });
  }
  const lock = await lockForUse(stateDir);
  events.onClose(() => lock.release());
  await removeLeftWork(stateDir);
  const relay = settings.processes > 1 ? relayIdOf(settings, process) : settings.relayId;
  const store = await openStore(await storePlaceOf(settings), {
    onCheckpointProblem: (error) =>
      log.warn("cannot put the database's log into it, and tries again later", { error }),
  });
  events.onClose(() => store.close());
  return {
    ...events,
    ...{ process, beside },
    settings,
    log,
    listeners,
    ceilings,
    store,
    metrics: createMetrics(
      { version: VERSION, commit: COMMIT },
      { maxUsers: settings.metricsUsers, relay },
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
