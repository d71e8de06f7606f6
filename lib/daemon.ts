import { hostOfRelay, hostOfUser, urlOf } from "./wire/names.ts";
import { controlNames, openAuthority, readCaFile, relayNames } from "./authority.ts";
import { createBioCommand } from "./account/bio_command.ts";
import { BioQueue } from "./account/bio_queue.ts";
import { createClaims } from "./account/claims.ts";
import { LastOnline } from "./account/last_online.ts";
import { createAccountStore } from "./account/store.ts";
import { isUsername } from "./account/username.ts";
import { createMetrics } from "./admin/metrics.ts";
import { createIssuance } from "./issuance/issuance.ts";
import { nameTable } from "./dns/name_table.ts";
import { startRelayCertificate } from "./certificate/relay_certificate.ts";
import { apiApp } from "./api/api.ts";
import { createBodyReader } from "./api/body.ts";
import { Control } from "./session/control_socket.ts";
import { createDataPort } from "./session/data_port.ts";
import { createRequestRate } from "./api/request_rate.ts";
import type { Redeem } from "./session/session.ts";
import { RECENT_MS, Sessions } from "./session/sessions.ts";
import { Tickets } from "./session/tickets.ts";
import type { Settings } from "./config/settings.ts";
import { fitCeilings } from "./daemon/ceilings.ts";
import { createFronts } from "./daemon/fronts.ts";
import { openListeners } from "./daemon/listeners.ts";
import { startOperator } from "./daemon/operator.ts";
import { createPresence } from "./daemon/presence.ts";
import { createReserved } from "./daemon/reserved.ts";
import { serveListeners } from "./daemon/servers.ts";
import { openDatabase } from "./database.ts";
import { openStateFolder } from "./file/state_folder.ts";
import type { Log } from "./log.ts";
import { limitedGroups } from "./net/address_group.ts";
import { IdleWatch } from "./net/idle_watch.ts";
import { Places } from "./net/places.ts";
import { logUncaught } from "./net/uncaught.ts";
import { pageApp } from "./page/app.tsx";
import { COMMIT, SOFTWARE, VERSION } from "./version.ts";
import { Hub } from "./visitor/hub.ts";
import { isServed } from "./visitor/outcome.ts";
import { proxyMatcher } from "./visitor/source.ts";

/** Optional parts of the protocol that this relay has, as PROTOCOL section 1 names them. */
const FEATURES: string[] = [];

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

/** What the parts ask to be called for. */
interface Events {
  onClose: (close: () => unknown) => void;
  /** Where a setting that can change is built into a part. */
  onReload: (reload: () => void) => void;
}

async function start(
  settings: Readonly<Settings>,
  log: Log,
  { onClose, onReload }: Events,
): Promise<Record<string, string>> {
  const { baseDomain, stateDir } = settings;
  const hostnameOf = (username: string): string => hostOfUser(username, baseDomain);
  const uncaught = logUncaught(log);
  onClose(() => uncaught.stop());

  const listeners = openListeners(settings, onClose);
  const publicPort = settings.publicPort || listeners.hub.addr.port;
  const data = {
    dataHost: settings.publicDataHost ?? hostOfRelay(baseDomain),
    dataPort: settings.publicDataPort ?? listeners.data.addr.port,
  };

  const ceilings = await fitCeilings(settings, log);
  for (const { path, mode } of openStateFolder(stateDir)) {
    log.warn("was open to others, and is not any more", { path, mode: `0${mode.toString(8)}` });
  }
  const db = openDatabase(`${stateDir}/glossond.sqlite`);
  onClose(() => db.close());

  const metrics = createMetrics({ version: VERSION, commit: COMMIT });
  const { counters } = metrics;

  // Accounts
  const accounts = createAccountStore(db);
  const lastOnline = new LastOnline({
    write: (seen) => accounts.markSeen(seen),
    online: () => sessions.usernames(),
    log,
  });
  onClose(() => lastOnline.stop());
  const bio = createBioCommand({ script: () => settings.bioScript, log });
  const reserved = createReserved(settings, log);
  onReload(() => reserved.reload());
  const profiles = new BioQueue({
    async run(username) {
      const result = await bio.run(username);
      counters.bios.add(result.state);
      return result;
    },
    addressGroups: limitedGroups,
    onBusy(username) {
      counters.bios.add("busy");
      log.debug("too many profiles are being read", { username, waiting: profiles.waiting });
    },
  });
  const claims = createClaims({
    db,
    store: accounts,
    isReserved: (username) => reserved.has(username),
    readBio: (username, address) => profiles.ask(username, address),
    hostnameOf,
    claimsPerHour: settings.claimsPerHour,
    verificationsPerClaim: settings.verificationsPerClaim,
  });

  // Certificates
  const { authority, names, close: closeAuthority } = await openAuthority(
    settings,
    log,
    await readCaFile(settings),
    {
      store: nameTable(db),
      claimed: () => accounts.list().map(({ username }) => hostnameOf(username)),
      isClaimed: (name) => accounts.byUsername(name.slice(0, -baseDomain.length - 1)) !== undefined,
    },
  );
  onClose(closeAuthority);
  names?.start();
  const issuance = createIssuance({
    db,
    authority,
    log,
    isBlocked: (username) => accounts.isBlocked(username),
    perAccountPerDay: settings.certificatesPerDay,
    // The embedded authority has no limit that the relay would have to keep to.
    perWeek: authority.kind === "local" ? Infinity : settings.certificatesPerWeek,
  });
  onClose(() => issuance.stop());

  // Clients
  const tickets = new Tickets<Redeem>();
  const sessions = new Sessions({
    onChange: (username, change) => lastOnline.note(username, change),
  });
  for (const { username, awayMs } of accounts.listAwaited(RECENT_MS)) {
    sessions.await(username, awayMs);
  }
  const overdue = setTimeout(() => sessions.forgetOld(), RECENT_MS);
  onClose(() => clearTimeout(overdue));
  const parking = new Places({ total: ceilings.parked });
  const control = new Control({
    sessions,
    tickets,
    online: (username) => ({
      hostname: hostnameOf(username),
      url: urlOf(hostnameOf(username), publicPort),
      ...data,
    }),
    onLost: (username) => hub.dropUnanswered(username),
    parking,
    log,
  });
  const presence = createPresence(accounts, sessions, lastOnline);
  function cutOff(username: string): void {
    control.revoke(username);
    hub.dropVisitors(username);
  }
  async function release(username: string): Promise<boolean> {
    const released = await accounts.release(username, () => issuance.forget(username));
    names?.settle(hostnameOf(username));
    cutOff(username);
    lastOnline.forget(username);
    return released;
  }
  const api = apiApp({
    relay: {
      software: SOFTWARE,
      protocol: 1,
      baseDomain,
      controlUrl: urlOf(hostOfRelay(baseDomain), publicPort),
      publicPort,
      ...data,
      features: FEATURES,
    },
    hostnameOf,
    isOnline: presence.isOnline,
    lastOnlineAt: presence.lastOnlineAt,
    accounts,
    claims,
    certificates: issuance,
    release,
    revoke: cutOff,
    // Who is online already takes no further place: the new session replaces the old one.
    openControl: (request, caller) =>
      sessions.size < ceilings.clients || sessions.get(caller.username) !== undefined
        ? control.accept(request, caller)
        : undefined,
    readBody: createBodyReader({ addressGroups: limitedGroups }),
    log,
  });

  const refuseFast = createRequestRate({
    perSecond: settings.requestsPerSecond,
    burst: settings.requestBurst,
    addressGroups: limitedGroups,
  });

  // The relay's own servers
  const makePages = () =>
    pageApp({
      baseDomain,
      publicPort,
      statusOf: presence.status,
      ...(settings.contact !== undefined && { contact: settings.contact }),
      log,
    });
  let pages = makePages();
  onReload(() => pages = makePages());
  const fronts = createFronts({
    controlNames: controlNames(settings),
    // On another port the host's web may be somebody else's, and plain HTTP.
    strictHosts: publicPort === 443 ? [baseDomain, hostOfRelay(baseDomain)] : [],
    api: (request, bindings) => refuseFast(bindings) ?? api.fetch(request, bindings),
    page: (request, host, context) => pages.fetch(request, { ...context, host }),
    log,
  });
  onClose(() => fronts.stop());
  const certificate = await startRelayCertificate({
    authority,
    names: relayNames(settings),
    stateDir,
    log,
    onChange: (pair) => fronts.use(pair),
  });
  onClose(() => certificate.stop());
  await fronts.use(certificate.current());

  // Visitors
  let isProxy = proxyMatcher(settings.proxyProtocolFrom);
  onReload(() => isProxy = proxyMatcher(settings.proxyProtocolFrom));
  const idle = new IdleWatch(settings.idleHours * 3_600_000);
  onClose(() => idle.stop());
  const hub = new Hub({
    baseDomain,
    publicPort,
    isUsername,
    sessions,
    hasPage: presence.hasPage,
    servePage: (conn, head, arrival) => fronts.pages.serve(conn, head, arrival),
    serveControl: (conn, head, arrival) => fronts.control.serve(conn, head, arrival),
    ...(settings.fallbackBackend !== undefined && { fallback: settings.fallbackBackend }),
    isProxy: (address) => isProxy(address),
    addressGroups: limitedGroups,
    limits: {
      maxHellos: ceilings.hellos,
      maxPerAddress: settings.maxVisitorsPerAddress,
      hellosPerSecond: settings.hellosPerSecond,
      helloBurst: settings.helloBurst,
      maxVisitors: ceilings.visitors,
      maxVisitorsPerUser: settings.maxVisitorsPerUser,
      maxPages: ceilings.pages,
      maxControl: ceilings.clients + ceilings.requests,
    },
    answerMs: settings.answerSeconds * 1000,
    idle,
    log,
    onOutcome: (outcome) => counters.outcome(outcome, isServed(outcome)),
    onJoined: (how) => metrics.joined(how),
    onParted: (result) => metrics.parted(result),
  });

  const servers = serveListeners({
    listeners,
    hub,
    onData: createDataPort({
      tickets,
      log,
      onRefused: (reason) => counters.dataRefusals.add(reason),
    }),
    prefaces: new Places({ total: ceilings.prefaces }),
    addressGroups: limitedGroups,
    log,
  });
  const admin = await startOperator({
    settings,
    accounts,
    bio,
    lastOnline,
    issuance,
    certificate,
    sessions,
    parking,
    presence,
    names,
    hub,
    servers,
    ceilings,
    metrics,
    cutOff,
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
