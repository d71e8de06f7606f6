import { STAY_MS } from "../../lib/account/last_online.ts";
import { BATCH } from "../../lib/cluster/announcer.ts";
import { PACE } from "../../lib/net/pace.ts";

/** Of a session that begins, one that ends, {@linkcode STAY_MS} of one that stays, and a visitor. */
export interface Acts {
  connect: number;
  disconnect: number;
  stay: number;
  visit: number;
}

/** What one thing costs, as `deno task bench cluster` measures it. */
export interface ClusterCosts {
  /** Processor time of the database for a write that all are told of, ms. */
  writeMs: number;
  /** The same for a user who comes, whose token is looked for too, who leaves, and who stays, ms. */
  userMs: Omit<Acts, "visit">;
  /** The same for each relay that is told of a write and reads what it was, ms. */
  heardMs: number;
  /** Time from one write of a relay to its next while clients come as fast as they can, ms. */
  turnMs: number;
  /** Processor time of a relay for a client that comes online, ms. */
  clientMs: number;
  /** Time of a relay's event loop for a page of names that it reads, ms. */
  pageMs: number;
  /** The same for a name that it compares with what it knew, once all are read, microseconds. */
  compareUs: number;
  /** Memory of a relay for a name that is online elsewhere, bytes. */
  nameBytes: number;
  /** What each act adds to the database's log, bytes. */
  walBytes: Acts;
  /** Rows that each of them writes. */
  rows: Acts;
  /** What a relay adds to the log by being there, bytes a second. */
  idleWalBytes: number;
}

/** What a community does. */
export interface Community {
  /** Users who are online at the same time. */
  names: number;
  relays: number;
  /** Of each user, a day. */
  sessions: number;
  visits: number;
}

/** What relays and database are given, each: what breaks is beyond it. */
export interface Bounds {
  /** How long an event loop may be held up, ms. */
  lateMs: number;
  /** Memory of a relay for names, bytes. */
  mapBytes: number;
  /** How long clients of a relay that is lost may take to be back, seconds. */
  backS: number;
  /** The log ahead of the tables a day, bytes. */
  walBytes: number;
  /** Share of one core of the database, on average. */
  databaseCores: number;
}

/** How often a second it is written that a user is still online. */
const STAYS_A_SECOND = 1_000 / STAY_MS;

const DAY_S = 86_400;

/** What a community costs. */
export interface Prediction {
  mapBytes: number;
  /** How long an event loop is held up that has read who is online, and compares, ms. */
  compareMs: number;
  walBytesADay: number;
  rowsADay: number;
  /** Sessions that begin or end, on average; each is told to all relays. */
  changesASecond: number;
  databaseCores: number;
}

/** What it costs day by day. */
export function dayOfCommunity(
  { names, relays, sessions, visits }: Community,
  { walBytes, rows, ...costs }: ClusterCosts,
): Prediction {
  const changes = 2 * names * sessions / DAY_S;
  const { writeMs, heardMs, userMs } = costs;
  const sum = ({ connect, disconnect, stay, visit }: Acts): number =>
    names * (sessions * (connect + disconnect) + DAY_S * STAYS_A_SECOND * stay + visits * visit);
  return {
    mapBytes: names * (1 - 1 / relays) * costs.nameBytes,
    compareMs: costs.pageMs + names * costs.compareUs / 1000,
    walBytesADay: sum(walBytes) + relays * costs.idleWalBytes * DAY_S,
    rowsADay: sum(rows),
    changesASecond: changes,
    databaseCores: (changes * (writeMs + (userMs.connect + userMs.disconnect) / 2) +
      Math.min(changes, PACE.perSecond) * relays * heardMs +
      names * STAYS_A_SECOND * userMs.stay) / 1000,
  };
}

/** What comes of the loss of a relay. */
export interface StormPrediction {
  /** When its clients are back at the others, seconds. */
  backS: number;
  /** How long an event loop is held up that reads that they have left, a page at a time, ms. */
  lateMs: number;
  /** Writes that announce them, at least; each is told to all relays. */
  writes: number;
  /** Processor time of the database, seconds. */
  databaseCpuS: number;
}

/** A relay is lost, and its clients come back at those that are left. */
export interface Loss {
  clients: number;
  left: number;
  /** Where clients and relays share a machine: its cores, and what clients take of them each, ms. */
  machine?: { cores: number; clientMs: number };
}

/** What comes of the loss of a relay. An event loop, and so a relay, uses one core at most. */
export function lossOfRelay(
  { clients, left, machine }: Loss,
  costs: ClusterCosts,
): StormPrediction {
  const relayS = clients * costs.clientMs / 1000 / left;
  // While one write is under way, the next one's sessions gather.
  const turns = relayS * 1000 / costs.turnMs * left;
  const writes = Math.min(clients, Math.max(clients / BATCH, turns));
  const databaseCpuS =
    (writes * (costs.writeMs + left * costs.heardMs) + clients * costs.userMs.connect) / 1000;
  const sharedS = machine === undefined
    ? 0
    : (clients * (costs.clientMs + machine.clientMs) / 1000 + databaseCpuS) / machine.cores;
  return {
    backS: Math.max(relayS, databaseCpuS, sharedS),
    lateMs: costs.pageMs,
    writes,
    databaseCpuS,
  };
}

/** A bound, and how many names it is reached at. */
export interface Break {
  what: keyof Bounds;
  names: number;
}

/** What breaks at how many names, of relays with so many clients each at most; the first first. */
export function breaks(
  { clientsPerRelay, sessions, visits }: {
    clientsPerRelay: number;
    sessions: number;
    visits: number;
  },
  costs: ClusterCosts,
  bounds: Bounds,
): Break[] {
  /** A community that needs so many relays. */
  const of = (names: number): Community => ({
    ...{ names, sessions, visits },
    relays: Math.max(2, Math.ceil(names / clientsPerRelay)),
  });
  const reached: Record<keyof Bounds, (community: Community) => boolean> = {
    lateMs: (all) => dayOfCommunity(all, costs).compareMs > bounds.lateMs,
    mapBytes: (all) => dayOfCommunity(all, costs).mapBytes > bounds.mapBytes,
    walBytes: (all) => dayOfCommunity(all, costs).walBytesADay > bounds.walBytes,
    databaseCores: (all) => dayOfCommunity(all, costs).databaseCores > bounds.databaseCores,
    backS: ({ names, relays }) =>
      lossOfRelay({ clients: names / relays, left: relays - 1 }, costs).backS > bounds.backS,
  };
  return Object.entries(reached).flatMap(([what, isReached]): Break[] => {
    const names = first((names) => isReached(of(names)));
    return names === undefined ? [] : [{ what: what as keyof Bounds, names }];
  }).sort((a, b) => a.names - b.names);
}

/** The smallest number of names, to a hundredth of it, from which on it is so; undefined below 100 million. */
function first(isSo: (names: number) => boolean): number | undefined {
  for (let names = 100; names < 1e8; names = Math.ceil(names * 1.01)) if (isSo(names)) return names;
  return undefined;
}
