import { openAuthority, relayNames } from "./authority.ts";
import { createBioCommand } from "./account/bio_command.ts";
import { createClaims } from "./account/claims.ts";
import { LastOnline } from "./account/last_online.ts";
import { createAccountStore } from "./account/store.ts";
import { isUsername } from "./account/username.ts";
import { createMetrics } from "./admin/metrics.ts";
import { startAdmin } from "./admin/start.ts";
import type { Check } from "./admin/status.ts";
import { createUserDesk } from "./admin/users.ts";
import { createIssuance } from "./certificate/issuance.ts";
import { startRelayCertificate } from "./certificate/relay_certificate.ts";
import { apiApp } from "./client/api.ts";
import { Control } from "./client/control.ts";
import { createDataPort } from "./client/data_port.ts";
import type { Redeem } from "./client/session.ts";
import { Sessions } from "./client/sessions.ts";
import { Tickets } from "./client/tickets.ts";
import type { Settings } from "./config/settings.ts";
import { openDatabase } from "./database.ts";
import type { Log } from "./log.ts";
import { pause } from "./net/accept_loop.ts";
import { addressGroup } from "./net/address_group.ts";
import { descriptorLimit, fitDescriptors } from "./net/descriptors.ts";
import { startHttp11 } from "./net/http11_backend.ts";
import { startHttps } from "./net/https_backend.ts";
import { listenTcp, serveTcp, type ServeTcpOptions, type TcpServer } from "./net/listen.ts";
import { Places } from "./net/places.ts";
import { TlsFront } from "./net/tls_front.ts";
import { type NameStatus, pageApp } from "./page/app.tsx";
import { COMMIT, SOFTWARE, VERSION } from "./version.ts";
import { Hub } from "./visitor/hub.ts";
import type { Arrival } from "./visitor/onward.ts";
import { proxyMatcher } from "./visitor/source.ts";

/** Connections to the control port above the clients': requests of the API. */
const API_CONNECTIONS = 500;

/** How long a connection to the API may be used, unless it is a control WebSocket. */
const API_LIFE_MS = 300_000;

/** How long a visit to a page may take, handshake and answer included. */
const PAGE_LIFE_MS = 30_000;

/** Data connections whose ticket is awaited at once. */
const DATA_PREFACES = 1_000;

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
  const hostnameOf = (username: string): string => `${username}.${baseDomain}`;

  // Listeners come first: a port that is taken stops everything, and a free one has to be known.
  function listen(name: string, hostname: string, port: number): Deno.TcpListener {
    const listener = listenTcp(name, hostname, port);
    onClose(() => closeListener(listener));
    return listener;
  }
  const hubListener = listen("hub", settings.hubHost, settings.hubPort);
  const dataListener = listen("data", settings.dataHost, settings.dataPort);
  const controlListener = listen("control", settings.controlHost, settings.controlPort);
  const pagesListener = listen("pages", settings.pagesHost, settings.pagesPort);
  const httpListener = settings.httpPort === undefined
    ? undefined
    : listen("http", settings.httpHost, settings.httpPort);
  const publicPort = settings.publicPort || hubListener.addr.port;
  const controlUrl = `https://relay.${baseDomain}${publicPort === 443 ? "" : `:${publicPort}`}`;
  const data = {
    dataHost: settings.publicDataHost ?? `relay.${baseDomain}`,
    dataPort: settings.publicDataPort ?? dataListener.addr.port,
  };

  const ceilings = await fitCeilings(settings, log);
  await Deno.mkdir(stateDir, { recursive: true, mode: 0o700 });
  const db = openDatabase(`${stateDir}/glossond.sqlite`);
  onClose(() => db.close());

  const metrics = createMetrics({ version: VERSION, commit: COMMIT });
  const { counters } = metrics;

  // Accounts
  const accounts = createAccountStore(db);
  const lastOnline = new LastOnline({
    write: (times) => accounts.markOnline(times),
    online: () => sessions.usernames(),
    log,
  });
  onClose(() => lastOnline.stop());
  const bio = createBioCommand({ script: () => settings.bioScript, log });
  const claims = createClaims({
    db,
    store: accounts,
    async runBio(username) {
      const result = await bio.run(username);
      counters.bios.add(result.state);
      return result;
    },
    hostnameOf,
    claimsPerHour: settings.claimsPerHour,
    verificationsPerClaim: settings.verificationsPerClaim,
  });

  // Certificates
  const { authority, close: closeAuthority } = await openAuthority(settings, log);
  onClose(closeAuthority);
  const issuance = createIssuance({
    db,
    authority,
    log,
    perAccountPerDay: settings.certificatesPerDay,
    // The embedded authority has no limit that the relay would have to keep to.
    perWeek: authority.kind === "local" ? Infinity : settings.certificatesPerWeek,
  });
  onClose(() => issuance.stop());

  // Clients
  const tickets = new Tickets<Redeem>();
  const sessions = new Sessions({ onChange: (username) => lastOnline.note(username) });
  const parking = new Places({ total: ceilings.parked });
  const control = new Control({
    sessions,
    tickets,
    online: (username) => ({ hostname: hostnameOf(username), ...data }),
    parking,
    log,
  });
  function lastOnlineAt(username: string): number | undefined {
    if (sessions.get(username) !== undefined) return Date.now();
    return lastOnline.pending(username) ?? accounts.byUsername(username)?.lastOnlineAt;
  }
  /** What the pages tell of a name. */
  function nameStatus(username: string): NameStatus {
    if (accounts.isBlocked(username)) return { state: "suspended" };
    if (accounts.byUsername(username) === undefined) return { state: "unknown" };
    if (sessions.get(username) !== undefined) return { state: "online" };
    const at = lastOnlineAt(username);
    return at === undefined ? { state: "setup" } : { state: "offline", lastOnlineAt: at };
  }
  function cutOff(username: string): void {
    control.revoke(username);
    hub.dropVisitors(username);
  }
  const api = apiApp({
    relay: { software: SOFTWARE, protocol: 1, baseDomain, controlUrl, ...data },
    hostnameOf,
    isOnline: (username) => sessions.get(username) !== undefined,
    lastOnlineAt,
    accounts,
    claims,
    certificates: issuance,
    release(username) {
      accounts.release(username);
      issuance.forget(username);
      cutOff(username);
      lastOnline.forget(username);
    },
    revoke: cutOff,
    // Who is online already takes no further place: the new session replaces the old one.
    openControl: (request, caller) =>
      sessions.size < ceilings.clients || sessions.get(caller.username) !== undefined
        ? control.accept(request, caller)
        : undefined,
    log,
  });

  // The relay's own servers
  const makePages = () =>
    pageApp({
      baseDomain,
      publicPort,
      statusOf: nameStatus,
      ...(settings.contact !== undefined && { contact: settings.contact }),
      log,
    });
  let pages = makePages();
  onReload(() => pages = makePages());
  const controlFront: TlsFront<Arrival> = new TlsFront({
    name: "control",
    lifeMs: API_LIFE_MS,
    start: (pair, find) =>
      startHttps(pair, (request, port) => {
        const connection = find(port);
        if (connection === undefined) return new Response(null, { status: 421 });
        const { source } = connection.info.addresses;
        return api.fetch(request, { source, transport: connection });
      }),
    log,
  });
  const pageFront: TlsFront<Arrival> = new TlsFront({
    name: "pages",
    lifeMs: PAGE_LIFE_MS,
    start: (pair, find) =>
      startHttp11(pair, (request, port) => pages.fetch(request, find(port)?.info)),
    log,
  });
  onClose(() => Promise.all([controlFront.stop(), pageFront.stop()]));
  const certificate = await startRelayCertificate({
    authority,
    names: relayNames(settings),
    stateDir,
    log,
    onChange: useCertificate,
  });
  onClose(() => certificate.stop());
  async function useCertificate(pair: { cert: string; key: string }): Promise<void> {
    await Promise.all([controlFront.use(pair), pageFront.use(pair)]);
  }
  await useCertificate(certificate.current());

  // Visitors
  let isProxy = proxyMatcher(settings.proxyProtocolFrom);
  onReload(() => isProxy = proxyMatcher(settings.proxyProtocolFrom));
  const hub = new Hub({
    baseDomain,
    publicPort,
    isUsername,
    findSession: (username, signal) => sessions.find(username, signal),
    servePage: (conn, head, arrival) => pageFront.serve(conn, head, arrival),
    serveControl: (conn, head, arrival) => controlFront.serve(conn, head, arrival),
    ...(settings.fallbackBackend !== undefined && { fallback: settings.fallbackBackend }),
    isProxy: (address) => isProxy(address),
    addressGroup: groupOf,
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
    log,
    onOutcome: (outcome) => counters.outcome(outcome),
    onJoined: (how) => metrics.joined(how),
    onParted: (result) => metrics.parted(result),
  });

  const servers: TcpServer[] = [];
  const listeners: Record<string, TcpServer> = {};
  function serve(
    name: string,
    listener: Deno.TcpListener,
    onConnection: (conn: Deno.TcpConn) => Promise<void>,
    places?: Pick<ServeTcpOptions, "places" | "keyOf">,
  ): TcpServer {
    const server = serveTcp(listener, { name, onConnection, log, ...places });
    servers.push(server);
    listeners[name] = server;
    return server;
  }
  // The hub counts what it is handed by itself, by what each connection turns out to be.
  const hubServer = serve("hub", hubListener, (c) => hub.onConnection(c));
  serve("control", controlListener, (c) => hub.onControlConnection(c));
  serve("pages", pagesListener, (c) => hub.onPagesConnection(c));
  if (httpListener !== undefined) serve("http", httpListener, (c) => hub.onHttpConnection(c));
  const onDataConnection = createDataPort({
    tickets,
    log,
    onRefused: (reason) => counters.dataRefusals.add(reason),
  });
  serve("data", dataListener, onDataConnection, {
    places: new Places({ total: ceilings.prefaces }),
    keyOf: (conn) => groupOf(conn.remoteAddr.hostname),
  });
  const admin = await startAdmin({
    hostname: settings.adminHost,
    port: settings.adminPort,
    stateDir,
    software: COMMIT === "" ? SOFTWARE : `${SOFTWARE} (${COMMIT})`,
    metrics,
    checks,
    isUsername,
    users: createUserDesk({
      accounts,
      hostnameOf,
      certificates: issuance,
      live: {
        isOnline: (username) => sessions.get(username) !== undefined,
        visitors: (username) => hub.visitorsOf(username),
        parked: (username) => sessions.get(username)?.parked ?? 0,
        lastOnlineAt: (username) => lastOnline.pending(username),
        cutOff,
      },
    }),
    figures: {
      listeners: () =>
        Object.entries(listeners).map(([name, { active, counts }]) => ({
          name,
          active,
          ...counts,
        })),
      clients: () => ({ online: sessions.size, parked: sessions.parked }),
      visitors: () => ({ joined: hub.joined, hellos: hub.hellos }),
      accounts: () => accounts.counts(),
      certificate: () => certificate.status(),
      issuance: () => issuance.counts(),
      bioRunning: () => bio.running(),
      limits: () => [
        ...hub.limits().slice(0, 2),
        { name: "clients", used: sessions.size, max: ceilings.clients },
        { name: "parked", used: parking.used, max: parking.total },
        ...hub.limits().slice(2),
      ],
    },
    log,
  });
  onClose(() => admin.stop());
  function checks(): Check[] {
    const { notAfter, selfSigned } = certificate.current();
    return [
      { name: "certificate", ok: !selfSigned && notAfter > Date.now() },
      { name: "state", ok: db.isOpen },
    ];
  }

  onClose(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    await control.drain();
    sessions.forgetAll();
    await Promise.race([hubServer.idle(), pause(settings.drainSeconds * 1000)]);
    for (const server of servers) server.closeAll();
    await Promise.all(servers.map((server) => server.idle()));
  });

  return Object.fromEntries(
    Object.entries({
      hub: hubListener.addr,
      data: dataListener.addr,
      control: controlListener.addr,
      pages: pagesListener.addr,
      admin: admin.address,
      http: httpListener?.addr,
    }).filter(([, address]) => address !== undefined)
      .map(([name, address]) => [name, `${address!.hostname}:${address!.port}`]),
  );
}

/**
 * How many of each kind of connection the settings allow and the descriptors are enough for.
 *
 * A visitor joined with a client has two descriptors; a visit to a page five, with the two
 * connections between the servers that it passes; a client or a request of the API three.
 */
async function fitCeilings(settings: Settings, log: Log) {
  const { maxVisitors, fallbackBackend } = settings;
  const descriptors = await descriptorLimit();
  const { ceilings, needed, lowered } = fitDescriptors(descriptors, {
    hellos: { wanted: settings.maxHellos, each: 1 },
    visitors: { wanted: maxVisitors, each: fallbackBackend === undefined ? 2 : 4 },
    pages: { wanted: settings.maxPages, each: 5 },
    clients: { wanted: settings.maxClients, each: 3 },
    requests: { wanted: API_CONNECTIONS, each: 3 },
    prefaces: { wanted: DATA_PREFACES, each: 1 },
    parked: { wanted: settings.maxParked, each: 1 },
  });
  const limits = { descriptors: descriptors ?? "unknown", needed, ...ceilings };
  if (!lowered) log.info("limits of connections", limits);
  else {
    log.warn(
      "descriptors are too few for the limits set, which are lowered; raise LimitNOFILE or lower GLOSSOND_MAX_…",
      limits,
    );
  }
  return ceilings;
}

/** What limits by address count on; loopback stands for a proxy here, so for all visitors at once. */
function groupOf(address: string): string | undefined {
  const group = addressGroup(address);
  return group.startsWith("127.") || address === "::1" ? undefined : group;
}

function closeListener(listener: Deno.TcpListener): void {
  try {
    listener.close();
  } catch {
    // Its server stopped it.
  }
}
