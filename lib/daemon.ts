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
import { startHttp11 } from "./net/http11_backend.ts";
import { startHttps } from "./net/https_backend.ts";
import { listenTcp, serveTcp, type TcpServer } from "./net/listen.ts";
import { TlsFront } from "./net/tls_front.ts";
import { type NameStatus, pageApp } from "./page/app.tsx";
import { COMMIT, SOFTWARE, VERSION } from "./version.ts";
import { type Arrival, Hub } from "./visitor/hub.ts";
import { proxyMatcher } from "./visitor/source.ts";

/** Connections to the control port above the clients': requests of the API. */
const API_CONNECTIONS = 500;

/** Data connections whose ticket is awaited at once. */
const DATA_PREFACES = 2_000;

/** Connections to the pages' own port, or to the redirect, at once. */
const SIDE_CONNECTIONS = 500;

/** A running relay. */
export interface Daemon {
  /** Where each listener is, by name, as `host:port`. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Sends clients away, gives visitors time to finish, and closes everything. */
  stop(): Promise<void>;
}

/**
 * Builds the relay's parts, connects them, and opens the listeners.
 *
 * @throws {Error} when a part cannot start; the message names it and the mend. What was started by
 * then is closed again.
 */
export async function startDaemon(settings: Settings, log: Log): Promise<Daemon> {
  /** Closes what was started; run last to first. */
  const closers: (() => unknown)[] = [];
  async function closeAll(): Promise<void> {
    for (const close of closers.toReversed()) await close();
  }
  try {
    const addresses = await start(settings, log, (close) => closers.push(close));
    return { addresses, stop: closeAll };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

async function start(
  settings: Settings,
  log: Log,
  onClose: (close: () => unknown) => void,
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

  await Deno.mkdir(stateDir, { recursive: true, mode: 0o700 });
  const db = openDatabase(`${stateDir}/glossond.sqlite`);
  onClose(() => db.close());

  const metrics = createMetrics({ version: VERSION, commit: COMMIT });
  const { counters } = metrics;

  // Accounts
  const accounts = createAccountStore(db);
  const lastOnline = new LastOnline({ write: (times) => accounts.markOnline(times) });
  onClose(() => lastOnline.flush());
  const bio = createBioCommand({ script: settings.bioScript, log });
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
  const sessions = new Sessions({
    onChange(username, online) {
      lastOnline.note(username);
      // Blocked or released between the request's authorisation and the WebSocket's opening.
      if (online && !isWelcome(username)) queueMicrotask(() => cutOff(username));
    },
  });
  const control = new Control({
    sessions,
    tickets,
    online: (username) => ({ hostname: hostnameOf(username), ...data }),
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
  function isWelcome(username: string): boolean {
    const account = accounts.byUsername(username);
    return account !== undefined && account.blockedAt === undefined;
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
    },
    revoke: cutOff,
    openControl: (request, username, transport) =>
      sessions.size < settings.maxClients
        ? control.accept(request, username, transport)
        : undefined,
    log,
  });

  // The relay's own servers
  const pages = pageApp({
    baseDomain,
    publicPort,
    statusOf: nameStatus,
    ...(settings.contact !== undefined && { contact: settings.contact }),
    log,
  });
  const controlFront: TlsFront<Arrival> = new TlsFront({
    name: "control",
    start: (pair) =>
      startHttps(pair, (request, port) => {
        const connection = controlFront.connection(port);
        if (connection === undefined) return new Response(null, { status: 421 });
        const { source } = connection.info.addresses;
        return api.fetch(request, { source, transport: connection });
      }),
    log,
  });
  const pageFront: TlsFront<Arrival> = new TlsFront({
    name: "pages",
    start: (pair) =>
      startHttp11(pair, (request, port) => pages.fetch(request, pageFront.connection(port)?.info)),
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
  const hub = new Hub({
    baseDomain,
    publicPort,
    isUsername,
    findSession: (username, signal) => sessions.find(username, signal),
    servePage: (conn, head, arrival) => pageFront.serve(conn, head, arrival),
    serveControl: (conn, head, arrival) => controlFront.serve(conn, head, arrival),
    ...(settings.fallbackBackend !== undefined && { fallback: settings.fallbackBackend }),
    isProxy: proxyMatcher(settings.proxyProtocolFrom),
    // Loopback stands for a proxy on this machine, so for all visitors at once.
    addressGroup: (address) => isLoopback(address) ? undefined : addressGroup(address),
    maxHellos: settings.maxHellos,
    maxVisitorsPerUser: settings.maxVisitorsPerUser,
    maxVisitorsPerAddress: settings.maxVisitorsPerAddress,
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
    maxConnections: number,
    onConnection: (conn: Deno.TcpConn) => Promise<void>,
  ): TcpServer {
    const server = serveTcp(listener, { name, maxConnections, onConnection, log });
    servers.push(server);
    listeners[name] = server;
    return server;
  }
  const hubServer = serve("hub", hubListener, settings.maxVisitors, (c) => hub.onConnection(c));
  serve(
    "data",
    dataListener,
    DATA_PREFACES,
    createDataPort({
      tickets,
      log,
      onRefused: (reason) => counters.dataRefusals.add(reason),
    }),
  );
  serve(
    "control",
    controlListener,
    settings.maxClients + API_CONNECTIONS,
    (c) => hub.onControlConnection(c),
  );
  serve("pages", pagesListener, SIDE_CONNECTIONS, (c) => hub.onPagesConnection(c));
  if (httpListener !== undefined) {
    serve("http", httpListener, SIDE_CONNECTIONS, (c) => hub.onHttpConnection(c));
  }
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
        { name: "visitors", used: hubServer.active, max: settings.maxVisitors },
        { name: "hellos", used: hub.hellos, max: settings.maxHellos },
        { name: "clients", used: sessions.size, max: settings.maxClients },
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

function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}

function closeListener(listener: Deno.TcpListener): void {
  try {
    listener.close();
  } catch {
    // Its server stopped it.
  }
}
