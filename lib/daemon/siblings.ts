import { type AdminClient, connectAdmin } from "../admin/client.ts";
import type { MetricValues } from "../admin/instruments.ts";
import { hop } from "../cluster/hop.ts";
import type { Settings } from "../config/settings.ts";
import type { Redeem } from "../session/tickets.ts";

/** The other processes of the relay that run; asked one by one, and undefined where one does not answer. */
export async function askSiblings<T>(
  { stateDir, processes }: Pick<Settings, "stateDir" | "processes">,
  process: number,
  ask: (sibling: AdminClient) => Promise<T>,
): Promise<(T | undefined)[]> {
  const others = Array.from({ length: processes }, (_, i) => i + 1).filter((i) => i !== process);
  return await Promise.all(others.map(async (other) => {
    const sibling = await connectAdmin(stateDir, other).catch(() => undefined);
    return sibling && await ask(sibling).catch(() => undefined);
  }));
}

/** What the other processes count; of one that is not there, nothing. */
export async function metricsOfSiblings(
  settings: Pick<Settings, "stateDir" | "processes">,
  process: number,
): Promise<MetricValues[][]> {
  const all = await askSiblings(settings, process, (sibling) => sibling.metrics());
  return all.filter((values) => values !== undefined);
}

/**
 * Makes what finds out what tickets stand for that are shown at another process of the relay than the one they are
 * good at: the kernel decides which one a connection to the control port comes to.
 */
export function createSiblingTickets(
  settings: Pick<Settings, "stateDir" | "processes" | "dataHost">,
  process: number,
): (ticket: string) => Promise<Redeem | undefined> {
  const isEverywhere = ["::", "0.0.0.0"].includes(settings.dataHost);
  const dataHost = isEverywhere ? "127.0.0.1" : settings.dataHost;
  return async (ticket) => {
    const found = await askSiblings(settings, process, (sibling) => sibling.dataPortFor(ticket));
    const dataPort = found.find((port) => typeof port === "number");
    return dataPort === undefined
      ? undefined
      : (conn) => void hop(conn, ticket, { dataHost, dataPort });
  };
}
