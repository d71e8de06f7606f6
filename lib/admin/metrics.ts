import process from "node:process";
import { addCertificates } from "./certificate_metrics.ts";
import { Counters } from "./counters.ts";
import type { Figures } from "./figures.ts";
import { Instruments, type MetricValues } from "./instruments.ts";
import { addUserCounters } from "./user_counters.ts";

/** Upper bounds in seconds: a parked connection saves this, a ticket ends it at 10 s. */
const DIAL_BUCKETS_S = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const KIB = 1024;

/** Upper bounds in bytes: from a handshake alone, some 4 KiB, to a film. */
const SIZE_BUCKETS_BYTES = [1, 4, 16, 256, KIB, 16 * KIB, 256 * KIB, 4096 * KIB]
  .map((kib) => kib * KIB);

/** Upper bounds in seconds of the event loop's delay. */
const DELAY_BUCKETS_S = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

/** Metrics of the relay: what happens is told to it, the rest it reads when it is asked. */
export interface Metrics {
  readonly counters: Counters;
  /** Notes a visitor that met a client. */
  joined(met: { how: "parked" | "replaced" } | { how: "dialled"; dialMs: number }): void;
  /** Notes what passed between a visitor and a client that parted, in bytes. */
  parted(result: { forward: number; backward: number }): void;
  /** Notes how late the event loop was, in seconds. */
  loopDelay(seconds: number): void;
  /** Adds what is read from the running parts; call once. */
  watch(figures: Figures): void;
  /** Name of each and what it is. */
  texts(): [name: string, help: string][];
  /** All with their values now. */
  values(): Promise<MetricValues[]>;
  /** Renders all, and the `values()` of the relay's other processes, as {@linkcode Instruments.render}. */
  render(openMetrics: boolean, others?: MetricValues[][]): Promise<{ type: string; body: string }>;
}

/**
 * Makes the metrics, with a registry of their own.
 *
 * @param options `maxUsers`: how many users have labels of their own, by default 0; `relay`: what this one
 * is called among several, as a label of all.
 */
export function createMetrics(
  build: { version: string; commit: string },
  { maxUsers = 0, relay }: { maxUsers?: number; relay?: string | undefined } = {},
): Metrics {
  const instruments = new Instruments(relay === undefined ? {} : { relay });
  const counters = new Counters(maxUsers);
  instruments.info("glossond_build_info", "Version and commit of the relay", build);
  addCounters(instruments, counters);
  if (counters.users.enabled) addUserCounters(instruments, counters.users);
  addProcess(instruments);
  const dial = instruments.histogram(
    "glossond_dial_seconds",
    "Time from asking a client for a data connection until it came",
    DIAL_BUCKETS_S,
  );
  const size = instruments.histogram(
    "glossond_join_size_bytes",
    "Bytes that passed between a visitor and a client, both ways together",
    SIZE_BUCKETS_BYTES,
  );
  const delay = instruments.histogram(
    "glossond_event_loop_delay_seconds",
    "How late the event loop came to what was due, sampled twice a second",
    DELAY_BUCKETS_S,
  );
  return {
    counters,
    joined(met) {
      counters.joins[met.how]++;
      if (met.how === "dialled") dial.observe(met.dialMs / 1000);
    },
    parted({ forward, backward }) {
      counters.bytes.toClients += forward;
      counters.bytes.toVisitors += backward;
      size.observe(forward + backward);
    },
    loopDelay: (seconds) => delay.observe(seconds),
    watch: (figures) => addFigures(instruments, figures),
    texts: () => instruments.texts(),
    values: () => instruments.values(),
    render: (openMetrics, others) => instruments.render(openMetrics, others),
  };
}

function addCounters(to: Instruments, counters: Counters): void {
  to.counter({
    name: "glossond_visitors_total",
    help: "Visitors' connections that were served, by how they ended",
    label: "outcome",
    read: () => counters.visitors.entries(),
  });
  to.counter({
    name: "glossond_refusals_total",
    help: "Visitors' connections that were refused, by the reason",
    label: "reason",
    read: () => counters.refusals.entries(),
  });
  to.counter({
    name: "glossond_data_refusals_total",
    help: "Clients' data connections that were refused, by the reason",
    label: "reason",
    read: () => counters.dataRefusals.entries(),
  });
  to.counter({
    name: "glossond_joins_total",
    help:
      "Visitors that met a client: over a parked connection, or after asking for one; replaced: the parked one was dead",
    label: "how",
    read: () => Object.entries(counters.joins),
  });
  to.counter({
    name: "glossond_joined_bytes_total",
    help: "Bytes passed between visitors and clients that have parted, by who got them",
    label: "to",
    read: () => [["client", counters.bytes.toClients], ["visitor", counters.bytes.toVisitors]],
  });
  to.counter({
    name: "glossond_bio_commands_total",
    help: "Runs of the bio script, by their result; busy: had no turn",
    label: "result",
    read: () => counters.bios.entries(),
  });
}

/** Figures of the process, named as every exporter names them. */
function addProcess(to: Instruments): void {
  const startedAt = (Date.now() - performance.now()) / 1000;
  to.counter({
    name: "process_cpu_seconds_total",
    help: "User and system CPU time",
    read() {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    },
  });
  to.gauge({
    name: "process_start_time_seconds",
    help: "Start of the process, Unix time",
    read: () => startedAt,
  });
  to.gauge({
    name: "process_resident_memory_bytes",
    help: "Resident memory",
    read: () => Deno.memoryUsage().rss,
  });
  to.gauge({
    name: "nodejs_heap_size_used_bytes",
    help: "JavaScript heap in use",
    read: () => Deno.memoryUsage().heapUsed,
  });
}

function addFigures(to: Instruments, figures: Figures): void {
  addListeners(to, figures);
  addCertificates(to, figures);
  const gauges: [name: string, help: string, read: () => number | Promise<number>][] = [
    ["sessions", "Clients online", () => figures.clients().online],
    ["parked_connections", "Data connections parked", () => figures.clients().parked],
    [
      "unreachable_clients",
      "Clients whose way to the data port fails",
      () => figures.clients().unreachable,
    ],
    ["joined_visitors", "Visitors joined with clients", () => figures.visitors().joined],
    ["hellos", "Visitors whose first bytes are awaited", () => figures.visitors().hellos],
    ["accounts", "Accounts of users", async () => (await figures.accounts()).total],
    [
      "blocked_names",
      "Names that the operator blocked",
      async () => (await figures.accounts()).blocked,
    ],
    ["bio_commands_running", "Bio scripts running", () => figures.bioRunning()],
  ];
  for (const [name, help, read] of gauges) to.gauge({ name: `glossond_${name}`, help, read });
  const { hopBytes } = figures;
  if (hopBytes !== undefined) {
    to.counter({
      name: "glossond_hop_bytes_total",
      help:
        "Bytes of data connections taken on to another relay, or another process, where their tickets are good",
      read: () => hopBytes(),
    });
  }
  to.gauge({
    name: "glossond_limit",
    help: "What a limit allows",
    label: "limit",
    read: () => figures.limits().map(({ name, max }) => [name, max]),
  });
  to.gauge({
    name: "glossond_limit_used",
    help: "What is in use of a limit",
    label: "limit",
    read: () => figures.limits().map(({ name, used }) => [name, used]),
  });
}

function addListeners(to: Instruments, figures: Figures): void {
  to.gauge({
    name: "glossond_connections",
    help: "Connections open, by listener",
    label: "listener",
    read: () => figures.listeners().map(({ name, active }) => [name, active]),
  });
  const counts = [
    ["connections_accepted", "Connections accepted", "accepted"],
    ["connections_refused", "Connections closed unread, since too many were open", "refused"],
    ["accept_errors", "Failures to accept a connection", "acceptErrors"],
    ["connection_bugs", "Connections ended by a bug of the relay", "handlerErrors"],
  ] as const;
  for (const [name, help, field] of counts) {
    to.counter({
      name: `glossond_${name}_total`,
      help: `${help}, by listener`,
      label: "listener",
      read: () => figures.listeners().map((listener) => [listener.name, listener[field]]),
    });
  }
}

/** Name of each metric that a relay may have, and what it is. */
export function metricTexts(): [name: string, help: string][] {
  const metrics = createMetrics({ version: "", commit: "" }, { maxUsers: 1 });
  // Of the figures none is read before a value is asked for.
  metrics.watch({ hopBytes: () => 0 } as Partial<Figures> as Figures);
  return metrics.texts();
}
