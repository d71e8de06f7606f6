import { type AdminClient, adminOf } from "../admin/client.ts";
import type { GoodTickets } from "../admin/commands.ts";
import type { Counters } from "../admin/counters.ts";
import type { MetricValues } from "../admin/instruments.ts";
import type { Settings } from "../config/settings.ts";
import { together } from "../net/together.ts";
import type { Redeem, Tickets } from "../session/tickets.ts";
import { countedHop } from "./cluster.ts";

/** How long one may take to answer while somebody waits, milliseconds: Prometheus waits 10 s for all. */
const ANSWER_MS = 2_000;

/** The other processes of a relay, by their numbers. */
function siblingsOf({ processes }: Pick<Settings, "processes">, process: number): number[] {
  return Array.from({ length: processes }, (_, i) => i + 1).filter((i) => i !== process);
}

/**
 * Asks the other processes of the relay, all at once; undefined where one does not answer.
 *
 * @param answerMs how long one may take. @default as for a command
 */
export async function askSiblings<T>(
  settings: Pick<Settings, "stateDir" | "processes">,
  process: number,
  ask: (sibling: AdminClient) => Promise<T>,
  answerMs?: number,
): Promise<(T | undefined)[]> {
  return await Promise.all(
    siblingsOf(settings, process).map(async (other) => {
      try {
        const sibling = adminOf(settings.stateDir, other, answerMs);
        return sibling && await ask(sibling);
      } catch {
        return undefined;
      }
    }),
  );
}

/** What the other processes count; of one that is not there, nothing. */
export async function metricsOfSiblings(
  settings: Pick<Settings, "stateDir" | "processes">,
  process: number,
): Promise<MetricValues[][]> {
  const all = await askSiblings(settings, process, (sibling) => sibling.metrics(), ANSWER_MS);
  return all.filter((values) => values !== undefined);
}

/** Makes what tells other processes of the relay which tickets can be shown at this one's data port. */
export function createGoodTickets(
  held: Pick<Tickets<unknown>, "has">,
  dataPort: number,
): (tickets: readonly string[]) => GoodTickets {
  return (tickets) => ({ dataPort, tickets: tickets.filter((ticket) => held.has(ticket)) });
}

/** Options for {@linkcode createSiblingTickets}. */
export interface SiblingTicketsOptions {
  settings: Pick<Settings, "stateDir" | "processes" | "dataHost">;
  process: number;
  metrics: { counters: Pick<Counters, "hopBytes"> };
}

/**
 * Makes what finds out what tickets stand for that are shown at another process of the relay than the one they are
 * good at: the kernel decides which one a connection to the control port comes to. How many are taken on at once is
 * the caller's to bound.
 *
 * Each process is asked one question at a time, however many tickets anybody makes up.
 */
export function createSiblingTickets(
  { settings, process, metrics }: SiblingTicketsOptions,
): (ticket: string) => Promise<Redeem | undefined> {
  const { stateDir } = settings;
  const isEverywhere = ["::", "0.0.0.0"].includes(settings.dataHost);
  const dataHost = isEverywhere ? "127.0.0.1" : settings.dataHost;
  const siblings = siblingsOf(settings, process).map((other) =>
    together((tickets: readonly string[]) =>
      adminOf(stateDir, other, ANSWER_MS)?.goodTickets(tickets)
    )
  );
  return async (ticket) => {
    try {
      // The first that has it: one that is stuck keeps nobody from another.
      const dataPort = await Promise.any(siblings.map(async (ask) => {
        const good = await ask(ticket);
        if (!good?.tickets.includes(ticket)) throw new Error("not there");
        return good.dataPort;
      }));
      return (conn) => void countedHop(metrics, conn, ticket, { dataHost, dataPort });
    } catch {
      return undefined;
    }
  };
}
