/**
 * The relay: its parts are built in the order in which they need each other, and connected here and in
 * `daemon/`, the only places that know them all.
 *
 * @module
 */
import { buildAccounts } from "./daemon/accounts.ts";
import { buildApi } from "./daemon/api.ts";
import { buildCertificates } from "./daemon/certificates.ts";
import { buildClients } from "./daemon/clients.ts";
import { watchCluster } from "./daemon/cluster.ts";
import { buildDomains } from "./daemon/domains.ts";
import { type Events, layGround } from "./daemon/ground.ts";
import { startOperator } from "./daemon/operator.ts";
import { startTroubleWatch } from "./daemon/trouble.ts";
import { buildOwnHosts } from "./daemon/own_hosts.ts";
import { OwnHandOver, SETTLE_MS, takeOver } from "./daemon/hand_over.ts";
import { watchLastVisitors } from "./daemon/last_visitors.ts";
import type { Place } from "./daemon/listeners.ts";
import { Notice } from "./daemon/notice.ts";
import { createRelease } from "./daemon/release.ts";
import { Servers } from "./daemon/servers.ts";
import { createGoodTickets } from "./daemon/siblings.ts";
import { findStandpoint, type Standpoint } from "./daemon/standpoint.ts";
import { buildUsage } from "./daemon/usage.ts";
import { buildHub } from "./daemon/visitors.ts";
import { settingsDifference } from "./config/difference.ts";
import type { Settings } from "./config/settings.ts";
import type { Predecessor } from "./admin/hand_over.ts";
import type { Log } from "./log.ts";
import { limitedGroups } from "./net/address_group.ts";
import { Places } from "./net/places.ts";
import type { HttpServer } from "./net/serve_http.ts";
import { logUncaught } from "./net/uncaught.ts";
import { AFTER_RESTART } from "./session/control_sockets.ts";
import { createDataPort } from "./session/data_port.ts";
import { withPort } from "./wire/ip_address.ts";

/** How long visitors may finish, seconds, unless the settings say: when it stops, or is handed over. */
const DRAIN_SECONDS = { stop: 10, handOver: 3_600 } as const;

/** A running relay. */
export interface Daemon {
  /** Where each listener is, by name, as `host:port`. */
  readonly addresses: Readonly<Record<string, string>>;
  /** How it is, in one line. */
  summary(): string;
  /**
   * Takes new values of the settings that can change while it runs; the others must be the same.
   *
   * @param tell whether other relays of BASE are to read theirs again. @default {true}
   */
  reload(settings: Settings, tell?: boolean): void;
  /** Calls a function when another relay of BASE, or its successor, has read the settings again. */
  onReloadTold(listener: () => void): void;
  /**
   * Resolves when it is to be stopped since another process was to take its place: with whether that has
   * it, or this one cannot go on.
   */
  readonly handedOver: Promise<boolean>;
  /** Resolves when the clients of the process whose place it took have been sent here, or that is gone. */
  readonly moved: Promise<unknown>;
  /** Sends clients away, gives visitors time to finish, and closes everything. */
  stop(): Promise<void>;
}

/** Options for {@linkcode startDaemon}. */
export interface DaemonOptions extends TakeOverOptions {
  /** Which of the relay's processes it is. @default {1} */
  process?: number;
}

/** What a start has to do with a running process whose place it takes, on the same state and addresses. */
interface TakeOverOptions {
  predecessor?: Predecessor | undefined;
  /** Ends the start before that one has left its place. */
  signal?: AbortSignal;
}

/**
 * Builds the relay's parts, connects them, and opens the listeners.
 *
 * @throws {Error} when a part cannot start; the message names it and the fix. What was started by
 * then is closed again, and the predecessor goes on.
 */
export async function startDaemon(
  given: Settings,
  log: Log,
  { process = 1, predecessor, signal }: DaemonOptions = {},
): Promise<Daemon> {
  /** The settings are those that hold now: what can change is read where it is used. */
  const { settings, ...standpoint } = await findStandpoint(given, process, predecessor);
  const reloaders: ((changed: readonly string[]) => void)[] = [];
  /** Closes what was started; run last to first. */
  const closers: (() => unknown)[] = [];
  async function closeAll(): Promise<void> {
    for (const close of closers.toReversed()) await close();
  }
  try {
    const started = await start(
      settings,
      log,
      {
        onClose: (close) => closers.push(close),
        onReload: (reload) => reloaders.push(reload),
      },
      standpoint,
      { predecessor, signal },
    );
    return {
      ...started,
      reload(next, tell = true) {
        const changed = settingsDifference(settings, next).filter(({ live }) => live)
          .map(({ setting }) => setting);
        Object.assign(settings, next);
        for (const reload of reloaders) reload(changed);
        if (tell) started.tellReload();
      },
      stop: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** Builds the parts in the order in which they need each other. */
// deno-lint-ignore lengths/function -- the order in which parts need each other, a line or two each
async function start(
  settings: Readonly<Settings>,
  log: Log,
  events: Events,
  standpoint: Standpoint,
  { predecessor, signal }: TakeOverOptions,
): Promise<Omit<Daemon, "reload" | "stop"> & { tellReload: () => void }> {
  const { onClose } = events;
  const uncaught = logUncaught(log);
  onClose(() => uncaught.stop());
  const ground = await layGround(settings, log, events, standpoint);
  const { listeners, ceilings, metrics, cutOff, store: { acts, caa, rests, profiles } } = ground;
  events.onReload((changed) => {
    const detail = changed.join(", ") || "nothing was different";
    acts.note({ act: "reload", detail, by: "signal" })
      .catch((error) => log.error("cannot note the reload", { error }));
  });

  const { accounts, claims, bio, namesBelow } = await buildAccounts(ground);
  const clients = await buildClients(ground);
  const { sessions, control, lastOnline, presence, behind, beyond } = clients;
  const users = await buildUsage(ground);
  const { authority, names, issuance, stopOrdering } = await buildCertificates(ground, {
    namesBelow,
  });
  const { domains, owners } = await buildDomains(ground);
  const { release, forget } = createRelease(ground, { issuance, names, lastOnline, users });
  const api = buildApi(ground, {
    ...{ ...clients, accounts, claims, issuance, names, domains },
    release: (username, token) => release(username, { by: "user" }, { token }),
  });
  const { fronts, certificate } = await buildOwnHosts(ground, { ...clients, authority, api });
  const hub = buildHub(ground, { ...clients, owners, fronts, users, namesBelow });
  const reloadTold = new Notice<void>();
  const cluster = beyond.cluster = await watchCluster(ground, {
    ...{ ...clients, hub, users, forget, reload: reloadTold.tell },
  });
  const servers = new Servers({
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
  const admin: { server?: HttpServer | undefined } = {};
  let adminEnd: Promise<void> | undefined;
  const stopAdmin = () => adminEnd ??= admin.server?.stop() ?? Promise.resolve();
  const addresses = (): [string, Place][] => [
    ...listeners.places,
    ...admin.server === undefined ? [] : [["admin", admin.server.address] as [string, Place]],
  ];
  const own = new OwnHandOver({ ...ground, ...clients, hub, servers, addresses, reloadTold });

  onClose(async () => {
    own.stop();
    // Who is online now is awaited after the next start.
    lastOnline.hold();
    await servers.stop("visitors");
    // Those on their way in meet their clients while these are still there; at a hand-over they have.
    if (!own.isDone) await hub.settled(SETTLE_MS);
    await servers.stop("data");
    await servers.stop("control");
    fronts.endKept();
    // Commands are the successor's, also of one that comes while this relay stops, and so is what is still to be ordered.
    own.done.then((has) => void (has && stopAdmin()));
    const drained = own.isDone ? own.sendClients() : control.drain(AFTER_RESTART);
    sessions.stop();
    // Nor is anybody to be met here by visitors who came to that one: it tells them of the restart.
    behind.stop();
    // Beside the visitors, who may take longer than a successor can wait.
    const ordered = certificate.stop().then(stopOrdering);
    const endWatch = watchLastVisitors({ accounts, hub, users, log, left: own.done });
    await drained;
    const fallback = own.isDone ? DRAIN_SECONDS.handOver : DRAIN_SECONDS.stop;
    await servers.finish(() => (settings.drainSeconds ?? fallback) * 1000, behind.visitorsGone());
    own.close();
    endWatch();
    await ordered;
    await stopAdmin();
  });

  if (predecessor === undefined) servers.open("visitors", "data", "control");
  else await takeOver(predecessor, { ...clients, servers, log, signal });
  behind.begin();
  await cluster?.join();
  own.done.then((has) => has && cluster?.expectSuccessor());
  const opening = startOperator({
    ...{ settings, accounts, acts, rests, profiles, domains, caa, users, bio, issuance },
    ...{ certificate, names, hub, servers, ceilings, metrics },
    ...standpoint,
    ...{ lastOnline, sessions, parking: clients.parking },
    ...{ presence, cluster, release, log, publicPort: ground.publicPort },
    goodTickets: createGoodTickets(clients.tickets, listeners.port("data")),
    cutOff: cutOff.tell,
    handOver: own,
  });
  // There is no way back from a hand-over by now: visitors and clients are served without it.
  admin.server = predecessor === undefined ? await opening : await opening.catch((error) => {
    log.error("commands and health cannot be reached; restart the relay", { error });
    return undefined;
  });
  startTroubleWatch(ground, { certificate, servers, cluster });
  return {
    addresses: Object.fromEntries(
      addresses().map(([name, { hostname, port }]) => [name, withPort(hostname, port)]),
    ),
    handedOver: own.done,
    moved: behind.moved,
    onReloadTold: (listener) => reloadTold.on(listener),
    tellReload: () => cluster?.tell("reload"),
    summary: () =>
      own.isDone
        ? `another relay has its place; ${hub.joined} visitors left`
        : `${sessions.size} users online, ${hub.joined} visitors`,
  };
}
