import { hostOfUser } from "../wire/names.ts";
import type { BioCommand } from "../account/bio_command.ts";
import { tryBio } from "../account/bio_trial.ts";
import type { LastOnline } from "../account/last_online.ts";
import { archiveState, ArchiveThread } from "../store/archive.ts";
import { requireEmbedded, storePlaceOf } from "../store_place.ts";
import type { AccountStore } from "../store/accounts.ts";
import type { ActStore, Trace } from "../store/acts.ts";
import type { OwnDomains } from "../account/own_domains.ts";
import type { CaaStore } from "../store/caa.ts";
import type { ProfileStore } from "../store/profiles.ts";
import type { RestStore } from "../store/rests.ts";
import { isUsername } from "../account/username.ts";
import type { GoodTickets } from "../admin/commands.ts";
import type { Metrics } from "../admin/metrics.ts";
import type { OwnPart } from "../admin/hand_over.ts";
import { startAdmin } from "../admin/start.ts";
import { createUserDesk } from "../admin/user_desk.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { Issuance } from "../issuance/issuance.ts";
import type { NameKeeper } from "../dns/name_keeper.ts";
import type { RelayCertificate } from "../certificate/relay_certificate.ts";
import type { Sessions } from "../session/sessions.ts";
import type { Settings } from "../config/settings.ts";
import type { Log } from "../log.ts";
import { checkUnserved } from "../net/listen_tcp.ts";
import type { Places } from "../net/places.ts";
import type { HttpServer } from "../net/serve_http.ts";
import { StoreError } from "../store/error.ts";
import { COMMIT, SOFTWARE } from "../version.ts";
import type { Hub } from "../visitor/hub.ts";
import type { Ceilings } from "./ceilings.ts";
import type { Ground } from "./ground.ts";
import type { Presence } from "./presence.ts";
import { readiness } from "./readiness.ts";
import { createRenewal } from "./renewal.ts";
import type { Servers } from "./servers.ts";
import { metricsOfSiblings } from "./siblings.ts";
import type { Standpoint } from "./standpoint.ts";
import type { UserUsage } from "./usage.ts";

/** The parts that the operator can look at or act on. */
export interface OperatorOptions extends Standpoint, Pick<Ground, "publicPort"> {
  settings: Readonly<Settings>;
  accounts: AccountStore;
  acts: ActStore;
  rests: RestStore;
  profiles: ProfileStore;
  domains: Pick<OwnDomains, "of">;
  caa: Pick<CaaStore, "of">;
  users: UserUsage;
  bio: BioCommand;
  lastOnline: LastOnline;
  issuance: Issuance;
  certificate: RelayCertificate;
  sessions: Sessions;
  /** Which of these tickets can be shown at this process. */
  goodTickets: (tickets: readonly string[]) => GoodTickets;
  parking: Places;
  /** The relays that serve BASE with this one; undefined where it is alone. */
  cluster: Cluster | undefined;
  presence: Presence;
  /** How users' names stand in the DNS; absent where that is not this relay's affair. */
  names: NameKeeper | undefined;
  hub: Hub;
  servers: Servers;
  ceilings: Ceilings;
  metrics: Metrics;
  /** Ends a user's session and the connections of their visitors. */
  cutOff: (username: string) => void;
  handOver: OwnPart;
  /** Gives a user's name free; false if nobody has it. */
  release: (username: string, trace: Trace, options: { rests: boolean }) => Promise<boolean>;
  log: Log;
}

/** Opens the operator's ways in: health and metrics over TCP, commands over the socket. */
export async function startOperator(options: OperatorOptions): Promise<HttpServer> {
  const { settings, accounts, sessions, parking, certificate, issuance, hub, cluster } = options;
  const { acts, rests, profiles, domains, caa, names } = options;
  const { adminHost, adminPort } = settings;
  if (options.beside === undefined) await checkUnserved("admin", adminHost, adminPort);
  return await startAdmin({
    hostname: adminHost,
    port: adminPort,
    stateDir: settings.stateDir,
    process: options.process,
    otherMetrics: () => metricsOfSiblings(settings, options.process),
    goodTickets: options.goodTickets,
    software: COMMIT === "" ? SOFTWARE : `${SOFTWARE} (${COMMIT})`,
    metrics: options.metrics,
    checks: () =>
      readiness({
        identity: certificate.current(),
        failing: options.servers.failing(),
        stateDir: settings.stateDir,
        now: Date.now(),
      }),
    isUsername,
    isOutage: (error) => error instanceof StoreError,
    handOver: options.handOver,
    backup: () => copyState(settings),
    renew: createRenewal(certificate),
    bio: (username) => tryBio(settings.bioScript, username),
    users: createUserDesk({
      ...{ accounts, acts, rests, profiles, domains, caa },
      figures: options.users.usage,
      limits: options.users.limits,
      log: options.log,
      hostnameOf: (username) => hostOfUser(username, settings.baseDomain),
      publicPort: options.publicPort,
      certificates: issuance,
      release: options.release,
      live: {
        isOnline: options.presence.isOnline,
        visitors: (username) => hub.visitorsOf(username),
        ...(names && {
          inDns: (hostname) => names.inspect(hostname),
          caaInDns: (hostname) => names.inspectCaa(hostname),
        }),
        dataPath: (username) => sessions.get(username)?.dataPath,
        parked: (username) => sessions.get(username)?.parked ?? 0,
        pool: (username) => sessions.get(username)?.poolSize ?? 0,
        lastOnlineAt: (username) => options.lastOnline.pending(username),
        cutOff: options.cutOff,
      },
    }),
    figures: {
      listeners: () => options.servers.figures(),
      clients: () => ({
        online: sessions.size,
        parked: sessions.parked,
        unreachable: sessions.unreachable,
      }),
      visitors: () => ({ joined: hub.joined, hellos: hub.hellos }),
      accounts: () => accounts.counts(),
      certificate: () => certificate.status(),
      issuance: () => issuance.counts(),
      bioRunning: () => options.bio.running(),
      ...(cluster && {
        cluster: () => cluster.figures(),
        hopBytes: () => options.metrics.counters.hopBytes,
      }),
      limits() {
        const { visitors, hellos, ...others } = hub.tables;
        const clients = { used: sessions.size, total: options.ceilings.clients };
        return Object.entries({ visitors, hellos, clients, parked: parking, ...others })
          .map(([name, { used, total }]) => ({ name, used, max: total }));
      },
    },
    log: options.log,
  });
}

/** A copy of all that this relay keeps, while it goes on. */
async function copyState(settings: Settings): Promise<ReadableStream<Uint8Array>> {
  const place = await storePlaceOf(settings);
  requireEmbedded(place, "backup");
  await using beside = await ArchiveThread.start();
  return await archiveState(place, { beside });
}
