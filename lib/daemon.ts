import { buildAccounts } from "./daemon/accounts.ts";
import { buildApi } from "./daemon/api.ts";
import { buildCertificates } from "./daemon/certificates.ts";
import { buildClients } from "./daemon/clients.ts";
import { type Events, layGround } from "./daemon/ground.ts";
import { startOperator } from "./daemon/operator.ts";
import { buildOwnHosts } from "./daemon/own_hosts.ts";
import { serveListeners } from "./daemon/servers.ts";
import { buildHub } from "./daemon/visitors.ts";
import type { Settings } from "./config/settings.ts";
import type { Log } from "./log.ts";
import { limitedGroups } from "./net/address_group.ts";
import { Places } from "./net/places.ts";
import { logUncaught } from "./net/uncaught.ts";
import { createDataPort } from "./session/data_port.ts";

/** How long those who are on their way in when the relay stops may take to meet their clients. */
const SETTLE_MS = 500;

/** A running relay. */
export interface Daemon {
  /** Where each listener is, by name, as `host:port`. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Takes new values of the settings that can change while it runs; the others must be the same. */
  reload(settings: Settings): void;
  /** Sends clients away, gives visitors time to finish, and closes everything. */
  stop(): Promise<void>;
}

/**
 * Builds the relay's parts, connects them, and opens the listeners.
 *
 * @throws {Error} when a part cannot start; the message names it and the mend. What was started by
 * then is closed again.
 */
export async function startDaemon(given: Settings, log: Log): Promise<Daemon> {
  /** Those that hold now: what can change is read where it is used. */
  const settings = { ...given };
  const reloaders: (() => void)[] = [];
  /** Closes what was started; run last to first. */
  const closers: (() => unknown)[] = [];
  async function closeAll(): Promise<void> {
    for (const close of closers.toReversed()) await close();
  }
  try {
    const addresses = await start(settings, log, {
      onClose: (close) => closers.push(close),
      onReload: (reload) => reloaders.push(reload),
    });
    return {
      addresses,
      reload(next) {
        Object.assign(settings, next);
        for (const reload of reloaders) reload();
      },
      stop: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** Builds the parts in the order in which they need each other. */
async function start(
  settings: Readonly<Settings>,
  log: Log,
  events: Events,
): Promise<Record<string, string>> {
  const { onClose } = events;
  const uncaught = logUncaught(log);
  onClose(() => uncaught.stop());
  const ground = await layGround(settings, log, events);
  const { listeners, ceilings, metrics, cutOff } = ground;

  const { accounts, claims, bio } = await buildAccounts(ground);
  const clients = await buildClients(ground);
  const { sessions, control, lastOnline, presence } = clients;
  const { authority, names, issuance } = await buildCertificates(ground);
  async function release(username: string, token?: string): Promise<boolean> {
    const released = await accounts.release(username, token);
    if (!released) return false;
    issuance.forget(username);
    names?.settle(ground.hostnameOf(username));
    cutOff.tell(username);
    lastOnline.forget(username);
    return true;
  }
  const api = buildApi(ground, { ...clients, accounts, claims, issuance, release });
  const { fronts, certificate } = await buildOwnHosts(ground, { ...clients, authority, api });
  const hub = buildHub(ground, { sessions, presence, fronts });
  const servers = serveListeners({
    listeners,
    hub,
    onData: createDataPort({
      tickets: clients.tickets,
      addressGroups: limitedGroups,
      log,
      onRefused: (reason) => metrics.counters.dataRefusals.add(reason),
    }),
    prefaces: new Places({ total: ceilings.prefaces }),
    addressGroups: limitedGroups,
    log,
  });
  const admin = await startOperator({
    ...{ settings, accounts, bio, issuance, certificate, names, hub, servers, ceilings, metrics },
    ...{ lastOnline, sessions, parking: clients.parking, presence },
    cutOff: cutOff.tell,
    release,
    log,
  });
  onClose(() => admin.stop());

  onClose(async () => {
    // Who is online now is awaited after the next start.
    lastOnline.hold();
    await servers.stopVisitors();
    // Those on their way in meet their clients while these are still there.
    await hub.settled(SETTLE_MS);
    await servers.stop();
    const drained = control.drain();
    sessions.stop();
    await drained;
    await servers.finish(settings.drainSeconds * 1000);
  });

  const open = Object.entries(listeners).map(([name, listener]) => [name, listener.addr]);
  return Object.fromEntries(
    [...open, ["admin", admin.address]]
      .map(([name, { hostname, port }]) => [name, `${hostname}:${port}`]),
  );
}
