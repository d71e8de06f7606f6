import type { Counters } from "../admin/counters.ts";
import { Cluster, type ClusterOptions } from "../cluster/cluster.ts";
import type { NoticeKind } from "../cluster/engine.ts";
import { hop } from "../cluster/hop.ts";
import type { Settings } from "../config/settings.ts";
import type { Log } from "../log.ts";
import type { IdleWatch } from "../net/idle_watch.ts";
import { Places } from "../net/places.ts";
import { closeQuietly } from "../net/splice.ts";
import { storePlaceOf } from "../store_place.ts";
import { VERSION } from "../version.ts";
import type { Hub } from "../visitor/hub.ts";
import type { Clients } from "./clients.ts";
import type { Ground } from "./ground.ts";
import type { UserUsage } from "./usage.ts";

/**
 * Data connections at once that are taken on to another relay, for clients that show every ticket at
 * their own.
 */
const MAX_HOPS = 500;

/** The parts that act on what other relays did. */
export interface ClusterParts
  extends Pick<Clients, "sessions" | "tickets" | "parking" | "control" | "behind" | "idle"> {
  hub: Pick<Hub, "joined" | "dropVisitors">;
  users: Pick<UserUsage, "limits">;
  /** Forgets what is known here of a name that another relay released. */
  forget: (username: string) => void;
  /** Reads the settings again, since they were at another relay. */
  reload: () => void;
}

/**
 * Joins the relays that share the database, if there is one: from when it resolves this one knows of the
 * others, and after `join()` they of it.
 */
export async function watchCluster(
  ground: Ground,
  parts: ClusterParts,
): Promise<Cluster | undefined> {
  const { settings, data, log, onClose } = ground;
  const { database } = await storePlaceOf(settings);
  if (database === undefined) return undefined;
  // As the store's part of it: only where it is needed.
  const { openPostgresCluster } = await import("../cluster/postgres/open.ts");
  const { sessions, tickets, parking, behind, hub } = parts;
  const me = {
    relay: relayIdOf(settings, ground.process),
    boot: crypto.randomUUID(),
  };
  const cluster = new Cluster({
    ...{ me, data, tickets, parking, log, reachable: behind.reachable },
    engine: openPostgresCluster(database, { ...me, version: VERSION, data }),
    local: (username) => sessions.get(username) ?? behind.reach(username),
    onElsewhere(username, change) {
      sessions.changedElsewhere(username, change);
      if (change === "online") behind.elsewhere(username);
    },
    onOutdated(username) {
      parts.control.replace(username);
      behind.arrived(username);
    },
    onNotice: createActor(ground, parts),
    onStray: createHops({ ...ground, idle: parts.idle }),
    figures: () => ({ users: sessions.size, visitors: hub.joined }),
  });
  onClose(() => cluster.stop());
  await cluster.watch();
  // What another relay changed before this one watched it was told to nobody here.
  await parts.users.limits.refreshAll();
  const { relays } = await cluster.figures();
  const own = Array.from({ length: settings.processes }, (_, i) => relayIdOf(settings, i + 1));
  if (settings.publicDataHost === undefined && relays.some(({ id }) => !own.includes(id))) {
    log.warn(
      "other relays share the database: set GLOSSOND_PUBLIC_DATA_HOST to an address of this one alone, or clients bring its visitors' connections to another",
      { relays: relays.map(({ id }) => id).join(" ") },
    );
  }
  return cluster;
}

/** What a process of this relay is called among those that share its database: the first one, as the relay. */
export function relayIdOf({ relayId }: Pick<Settings, "relayId">, process: number): string {
  const relay = relayId ?? Deno.hostname().toLowerCase();
  return process === 1 ? relay : `${relay}-${process}`;
}

/** Makes what does here what an operator or user did by way of another relay, a command or this relay. */
function createActor(
  { log }: Pick<Ground, "log">,
  { control, hub, users, forget, reload }: ClusterParts,
): (kind: NoticeKind, username: string | undefined) => void {
  return function act(kind, username) {
    log.debug("another relay tells", { kind, username });
    if (kind === "reload") return reload();
    if (username === undefined) return;
    if (kind === "released") return forget(username);
    if (kind === "limits") {
      users.limits.refresh(username)
        .catch((error) => log.error("cannot read limits of a user", { username, error }));
      return;
    }
    control.recheck(username);
    hub.dropVisitors(username);
  };
}

/** Takes a connection on as {@linkcode hop} does, and counts what passed. */
export async function countedHop(
  { counters }: { counters: Pick<Counters, "hopBytes"> },
  ...taken: Parameters<typeof hop>
): Promise<void> {
  // First: others may be counted meanwhile.
  const passed = await hop(...taken);
  counters.hopBytes += passed;
}

/** Makes what takes connections on whose clients overlook where their tickets are to be shown. */
export function createHops(
  { metrics, log, idle }: {
    metrics: { counters: Pick<Counters, "hopBytes"> };
    log: Log;
    idle: IdleWatch;
  },
): ClusterOptions["onStray"] {
  const places = new Places({ total: MAX_HOPS });
  return async function onStray({ conn, ticket, username }, to) {
    const place = places.take(username);
    if (place === undefined) return closeQuietly(conn);
    log.debug("client shows another relay's ticket here: taking its connection there", {
      username,
      ...to,
    });
    try {
      await countedHop(metrics, conn, ticket, to, idle);
    } finally {
      place.leave();
    }
  };
}
