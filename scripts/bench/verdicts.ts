import { bareLoopName } from "./bare_loop.ts";
import { TWO_PROCESSES } from "./glossond.ts";
import { PEERS } from "./peers.ts";
import type { Row } from "./table.ts";

/** Whether a figure is what it should be. */
export interface Verdict {
  /** What is compared. */
  what: string;
  value: number;
  limit: number;
  /** Whether `limit` is the least or the most that passes. */
  bound: "least" | "most";
  passed: boolean;
}

/** The peers that the data path is measured by. */
const RIVALS = PEERS.filter(({ name }) => /^(haproxy|nginx)/.test(name));
const TUNED = RIVALS.filter(({ isDefault }) => !isDefault).map(({ name }) => name);
const HAPROXY = RIVALS.map(({ name }) => name).filter((name) => name.startsWith("haproxy"));
const DEFAULT = RIVALS.filter(({ isDefault }) => isDefault).map(({ name }) => name);

/** What a connection may take, by the section that tells; a joined pair's descriptors are its two sockets. */
const MOST: Record<string, { kb: number; descriptors?: number }> = {
  clients: { kb: 32, descriptors: 1 },
  memory: { kb: 22 },
};

/** Judges the results by the project's aims, as far as they were measured. */
export function verdicts(rows: readonly Row[]): Verdict[] {
  const found: Verdict[] = [];

  function judge(what: string, value: number, bound: Verdict["bound"], limit: number): void {
    // Of what was not measured, nothing is said.
    if (!Number.isFinite(value)) return;
    const passed = bound === "least" ? value >= limit : value <= limit;
    found.push({ what, value, limit, bound, passed });
  }

  /** The value of each of the targets in a case. */
  function values(section: string, kind: string, targets: string[], name: string): number[] {
    return targets.map((target) =>
      rows.find((row) => row.section === section && row.case === kind && row.target === target)
        ?.values[name] ?? NaN
    ).filter(Number.isFinite);
  }

  for (const kind of new Set(rows.filter((r) => r.section === "bulk").map((r) => r.case))) {
    const of = (targets: string[], name: string): number[] => values("bulk", kind, targets, name);
    const [rate = NaN] = of(["glossond"], "gbps");
    const [cost = NaN] = of(["glossond"], "cpuSecondsPerGb");
    const single = kind.startsWith("1 ");
    judge(
      `${kind}: throughput / best-tuned peer's`,
      rate / Math.max(...of(TUNED, "gbps")),
      "least",
      single ? 1.15 : 1,
    );
    judge(
      `${kind}: CPU per GB / best-tuned peer's`,
      cost / Math.min(...of(TUNED, "cpuSecondsPerGb")),
      "most",
      single ? 0.7 : 1,
    );
    judge(
      `${kind}: CPU per GB / a bare loop's on this runtime`,
      cost / Math.min(...of([bareLoopName(1)], "cpuSecondsPerGb")),
      "most",
      1.2,
    );
    if (!single) {
      const [rateOfTwo = NaN] = of([TWO_PROCESSES], "gbps");
      const [costOfTwo = NaN] = of([TWO_PROCESSES], "cpuSecondsPerGb");
      judge(
        `${kind}: throughput of 2 processes / HAProxy's, a thread a processor`,
        rateOfTwo / Math.max(...of(HAPROXY, "gbps")),
        "least",
        1,
      );
      judge(`${kind}: CPU per GB of 2 processes / of 1`, costOfTwo / cost, "most", 1);
      const [rateOfLoops = NaN] = of([bareLoopName(2)], "gbps");
      const [costOfLoops = NaN] = of([bareLoopName(2)], "cpuSecondsPerGb");
      judge(
        `${kind}: throughput of 2 processes / a bare loop's of 2`,
        rateOfTwo / rateOfLoops,
        "least",
        0.8,
      );
      judge(
        `${kind}: CPU per GB of 2 processes / a bare loop's of 2`,
        costOfTwo / costOfLoops,
        "most",
        1.2,
      );
      continue;
    }
    judge(
      `${kind}: throughput / default peers'`,
      rate / Math.max(...of(DEFAULT, "gbps")),
      "least",
      1.8,
    );
    judge(
      `${kind}: CPU per GB / default peers'`,
      cost / Math.min(...of(DEFAULT, "cpuSecondsPerGb")),
      "most",
      0.4,
    );
  }

  const only = (section: string, target: string, name: string, kind?: string): number =>
    rows.find((row) =>
      row.section === section && row.target === target && (kind ?? row.case) === row.case
    )?.values[name] ?? NaN;
  judge(
    "parked: ms added to a TLS handshake above HAProxy's",
    only("connections", "glossond parked", "p50AddedMs") -
      only("connections", "haproxy default", "p50AddedMs"),
    "most",
    0.35,
  );
  judge(
    "24 visitors at once, some dialled: p99 above that of the parked, ms",
    Math.max(
      ...["glossond dialled", "glossond 16 parked, 8 dialled"].map((target) =>
        only("burst", target, "p99AboveParkedMs")
      ),
    ),
    "most",
    5,
  );
  judge(
    "parked: CPU per new connection / HAProxy's",
    only("rate", "glossond parked", "cpuMsEach") / only("rate", "haproxy default", "cpuMsEach"),
    "most",
    1.6,
  );
  judge(
    "parked, 40 ms links: round trips above HAProxy's",
    only("links", "glossond parked", "roundTripsAdded") -
      only("links", "haproxy default", "roundTripsAdded"),
    "most",
    // A quarter of a round trip is what a busy machine can add; none is meant.
    0.25,
  );
  judge(
    "the reference client's page: ms above nginx behind HAProxy",
    only("page", "glossond to glosson", "pageMs") -
      only("page", "haproxy 256k to nginx", "pageMs"),
    "most",
    // What waits for a delayed acknowledgement takes 40.
    2.5,
  );
  judge(
    "the reference client's page: p99 as a share of nginx's behind HAProxy",
    only("page", "glossond to glosson", "pageP99Ms") /
      only("page", "haproxy 256k to nginx", "pageP99Ms"),
    "most",
    3,
  );
  for (const { section, target, values } of rows) {
    if (section !== "tunnels, ours by theirs") continue;
    for (const [name, ratio = NaN] of Object.entries(values)) {
      judge(`${name} / ${target}'s`, ratio, name.startsWith("gbps") ? "least" : "most", 1);
    }
  }
  for (const row of rows.filter((r) => r.target === "glossond")) {
    const most = MOST[row.section];
    if (most === undefined) continue;
    judge(`${row.case}: KB each`, row.values.rssKbEach ?? NaN, "most", most.kb);
    if (most.descriptors === undefined) continue;
    judge(
      `${row.case}: descriptors each`,
      row.values.descriptorsEach ?? NaN,
      "most",
      most.descriptors,
    );
  }
  for (const { section, case: kind, values } of rows) {
    if (section === "pressure") {
      judge(`${kind}: MB grown`, values.grownMb ?? NaN, "most", 4);
      judge(`${kind}: share grown`, values.grownShare ?? NaN, "most", 0.2);
    }
    if (section === "soak") {
      judge(`${kind}: errors`, values.errors ?? NaN, "most", 0);
      judge(`${kind}: event loop p99, ms`, values.loopP99Ms ?? NaN, "most", 50);
    }
  }
  return found;
}

/** The verdicts as text, one a line. */
export function verdictText(found: readonly Verdict[]): string {
  return found.map(({ what, value, limit, bound, passed }) =>
    `${passed ? "PASS" : "FAIL"}  ${what}: ${value.toFixed(2)} (at ${bound} ${limit})\n`
  ).join("");
}
