import type { Settings } from "../config/settings.ts";
import type { Log } from "../log.ts";
import { descriptorLimit, fitDescriptors } from "../net/descriptors.ts";

/** Connections to the control port above the clients': requests of the API. */
const API_CONNECTIONS = 500;

/** Data connections whose ticket is awaited at once. */
const DATA_PREFACES = 1_000;

/** How many connections of each kind there may be at once. */
export interface Ceilings {
  hellos: number;
  visitors: number;
  pages: number;
  clients: number;
  requests: number;
  prefaces: number;
  parked: number;
  /** Clients' data connections over WebSocket. */
  dataSockets: number;
}

/**
 * How many of each kind of connection the settings allow and the descriptors are enough for; says
 * so in the log.
 *
 * A visitor joined with a client has two descriptors; a client three, with the
 * connection to the server where TLS ends; a visit to a page and a request of the API five, with the
 * one behind that;
 * a data connection over WebSocket three, with the one that it passes, and one more where it may go on
 * to another process.
 */
export async function fitCeilings(settings: Settings, log: Log): Promise<Ceilings> {
  const { maxVisitors, fallbackBackend, httpFallbackBackend } = settings;
  const descriptors = await descriptorLimit();
  const { ceilings, needed, lowered } = fitDescriptors(descriptors, {
    hellos: { wanted: settings.maxHellos, each: 1 },
    visitors: {
      wanted: maxVisitors,
      each: (fallbackBackend ?? httpFallbackBackend) === undefined ? 2 : 4,
    },
    pages: { wanted: settings.maxPages, each: 5 },
    clients: { wanted: settings.maxClients, each: 3 },
    requests: { wanted: API_CONNECTIONS, each: 5 },
    prefaces: { wanted: DATA_PREFACES, each: 1 },
    parked: { wanted: settings.maxParked, each: 1 },
    dataSockets: { wanted: settings.maxDataSockets, each: settings.processes > 1 ? 4 : 3 },
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
