import { pause } from "../net/pause.ts";
import {
  type DnsQueries,
  type NameServer,
  networkQueries,
  querySignal,
  serialsAt,
} from "./name_servers.ts";
import type { DnsProvider } from "./provider.ts";

/** How long all authoritative servers may take to answer with a value. */
const PROPAGATION_TIMEOUT_MS = 180_000;

/** How long a server's other addresses may take once one has answered with everything. */
const GRACE_MS = 1_000;

/**
 * How long servers that do not answer at all are waited for where another has everything, milliseconds: who asks
 * passes over those too (RFC 1034 section 5.3.3), so that one that is out of order stops no certificate.
 */
const SILENT_MS = 30_000;

/** First and longest pause between rounds. */
const ROUND_START_MS = 100;
const ROUND_CAP_MS = 3_000;

/** Options for {@linkcode waitForTxt}. */
export interface WaitForTxtOptions {
  /** The zone that the name lies in, no trailing dot; for the explanation of a failure. */
  zone: string;
  servers: readonly NameServer[];
  /** The zone's serial at the server that was written to. */
  serial?: number;
  /** That server, for the explanation. */
  provider: Pick<DnsProvider, "label" | "serialFix">;
  queries?: DnsQueries;
  /** @default {180 s} */
  timeoutMs?: number;
  signal?: AbortSignal;
}

/**
 * Waits until every server answers with all `values` at `name`: an authority may ask any of them,
 * and the first that lags fails the challenge. A server counts when one of its addresses has them and
 * none answers without: this machine may lack IPv4 or IPv6, and so cannot reach the others.
 *
 * @returns those that did not answer at all, and were waited for no longer.
 * @throws {Error} after the time-out; the message names the servers that lag, and why if that shows.
 */
export async function waitForTxt(
  name: string,
  values: readonly string[],
  options: WaitForTxtOptions,
): Promise<NameServer[]> {
  const { zone, servers, provider, serial = 0, queries = networkQueries, signal } = options;
  const { timeoutMs = PROPAGATION_TIMEOUT_MS } = options;
  const begin = performance.now();
  const deadline = begin + timeoutMs;
  const patience = begin + Math.min(SILENT_MS, timeoutMs / 2);
  let lagging = [...servers];
  /** One that has answered without runs, and may be asked: later answers of it got lost. */
  const behind = new Set<NameServer>();
  for (let round = 0;; round++) {
    signal?.throwIfAborted();
    const states = await Promise.all(
      lagging.map((server) => stateOf(server, { zone, name, values, queries, signal })),
    );
    lagging.filter((_, i) => states[i] === "lacks").forEach((server) => behind.add(server));
    lagging = lagging.filter((_, i) => states[i] !== "has");
    if (lagging.length === 0) return [];
    const isOneReady = lagging.length < servers.length;
    const isRestSilent = !lagging.some((server) => behind.has(server));
    if (isOneReady && isRestSilent && performance.now() > patience) return lagging;
    const wait = Math.min(ROUND_CAP_MS, ROUND_START_MS * 1.5 ** round);
    if (performance.now() + wait > deadline) break;
    await pause(wait, signal);
  }
  signal?.throwIfAborted();
  throw new Error(
    await explain({ zone, name, serial, provider, servers, lagging, queries, timeoutMs }),
  );
}

interface Look {
  zone: string;
  name: string;
  values: readonly string[];
  queries: DnsQueries;
  signal?: AbortSignal;
}

/** What a server has of the values, or one of its addresses. */
type State = "has" | "lacks" | "silent";

/** Whether a server has all values, as far as its addresses can be reached. */
async function stateOf({ addresses }: NameServer, look: Look): Promise<State> {
  const { zone, name, values, queries } = look;
  const over = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const signal = AbortSignal.any([querySignal(look.signal), over.signal]);
  const answers = await Promise.all(addresses.map(async (server): Promise<State> => {
    try {
      const found = await queries.txt(name, server, signal);
      const all = values.every((value) => found.includes(value));
      // The others may be out of reach for good: they get a moment to say something else.
      if (all) timer ??= setTimeout(() => over.abort(), GRACE_MS);
      return all ? "has" : "lacks";
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) return "silent";
      // One that fails or refuses (RFC 1035 section 4.1.1) looks the same, but does not tell of the zone either.
      return await queries.serial(zone, server, signal).then(() => "lacks", () => "silent");
    }
  }));
  clearTimeout(timer);
  return answers.includes("lacks") ? "lacks" : answers.includes("has") ? "has" : "silent";
}

interface Lag {
  zone: string;
  name: string;
  serial: number;
  provider: WaitForTxtOptions["provider"];
  servers: readonly NameServer[];
  lagging: readonly NameServer[];
  queries: DnsQueries;
  timeoutMs: number;
}

async function explain(lag: Lag): Promise<string> {
  const { zone, name, provider, servers, lagging, queries, timeoutMs } = lag;
  const seconds = Math.round(timeoutMs / 1000);
  const serials = await serialsAt(zone, servers, queries);
  const newest = Math.max(lag.serial, ...[...serials.values()].map((serial) => serial ?? 0));
  const said = lagging.map(({ label, addresses }) => {
    // The one with the oldest zone is what the authority might meet.
    const [server] = addresses.filter((each) => serials.get(each) !== undefined)
      .toSorted((a, b) => serials.get(a)! - serials.get(b)!);
    const serial = server && serials.get(server);
    if (server === undefined || serial === undefined) {
      return `${label} does not answer for ${zone}: check that it runs, holds the zone, and can be reached from here`;
    }
    if (serial < newest) {
      return `${server.label} has serial ${serial} of ${zone} and ${provider.label} ${newest}: check its zone transfers and NOTIFY`;
    }
    return `${server.label} has serial ${serial} of ${zone} and not the value: check that changes raise the serial (${
      provider.serialFix(zone)
    })`;
  });
  return `The challenge at ${name} is not on every name server after ${seconds} s: ${
    said.join("; ")
  }`;
}
