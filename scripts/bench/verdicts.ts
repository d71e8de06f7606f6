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

/** Says whether figures are what they should be; of what was not measured, nothing. */
class Judge {
  readonly found: Verdict[] = [];

  least(what: string, value: number, limit: number): void {
    if (!Number.isFinite(value)) return;
    this.found.push({ what, value, limit, bound: "least", passed: value >= limit });
  }

  most(what: string, value: number, limit: number): void {
    if (!Number.isFinite(value)) return;
    this.found.push({ what, value, limit, bound: "most", passed: value <= limit });
  }
}

/** Judges the results by the project's aims, as far as they were measured. */
export function verdicts(rows: readonly Row[]): Verdict[] {
  const judge = new Judge();
  judgeBulk(judge, rows);
  judgeVisits(judge, rows);
  judgeTunnels(judge, rows);
  judgeRelay(judge, rows);
  return judge.found;
}

/** What streams move, and what that costs. */
function judgeBulk(judge: Judge, rows: readonly Row[]): void {
  const measured = rows.filter(({ section }) => section === "bulk");
  for (const kind of new Set(measured.map((row) => row.case))) {
    const of = (targets: string[], name: string): number[] =>
      measured.filter((row) => row.case === kind && targets.includes(row.target))
        .map(({ values }) => values[name] ?? NaN).filter(Number.isFinite);
    const [rate = NaN] = of(["glossond"], "gbps");
    const [cost = NaN] = of(["glossond"], "cpuSecondsPerGb");
    const single = kind.startsWith("1 ");
    judge.least(
      `${kind}: throughput / best-tuned peer's`,
      rate / Math.max(...of(TUNED, "gbps")),
      single ? 1.15 : 1,
    );
    judge.most(
      `${kind}: CPU per GB / best-tuned peer's`,
      cost / Math.min(...of(TUNED, "cpuSecondsPerGb")),
      single ? 0.7 : 1,
    );
    judge.most(
      `${kind}: CPU per GB / a bare loop's on this runtime`,
      cost / Math.min(...of([bareLoopName(1)], "cpuSecondsPerGb")),
      1.2,
    );
    if (single) {
      judge.least(
        `${kind}: throughput / default peers'`,
        rate / Math.max(...of(DEFAULT, "gbps")),
        1.8,
      );
      judge.most(
        `${kind}: CPU per GB / default peers'`,
        cost / Math.min(...of(DEFAULT, "cpuSecondsPerGb")),
        0.4,
      );
    } else {
      const [rateOfTwo = NaN] = of([TWO_PROCESSES], "gbps");
      const [costOfTwo = NaN] = of([TWO_PROCESSES], "cpuSecondsPerGb");
      judge.least(
        `${kind}: throughput of 2 processes / HAProxy's, a thread a processor`,
        rateOfTwo / Math.max(...of(HAPROXY, "gbps")),
        1,
      );
      judge.most(`${kind}: CPU per GB of 2 processes / of 1`, costOfTwo / cost, 1);
      const [rateOfLoops = NaN] = of([bareLoopName(2)], "gbps");
      const [costOfLoops = NaN] = of([bareLoopName(2)], "cpuSecondsPerGb");
      judge.least(
        `${kind}: throughput of 2 processes / a bare loop's of 2`,
        rateOfTwo / rateOfLoops,
        0.8,
      );
      judge.most(
        `${kind}: CPU per GB of 2 processes / a bare loop's of 2`,
        costOfTwo / costOfLoops,
        1.2,
      );
    }
  }
}

/** What a visitor waits for, and what a connection costs. */
function judgeVisits(judge: Judge, rows: readonly Row[]): void {
  const only = (section: string, target: string, name: string): number =>
    rows.find((row) => row.section === section && row.target === target)?.values[name] ?? NaN;
  judge.most(
    "parked: ms added to a TLS handshake above HAProxy's",
    only("connections", "glossond parked", "p50AddedMs") -
      only("connections", "haproxy default", "p50AddedMs"),
    0.35,
  );
  judge.most(
    "24 visitors at once, some dialled: p99 above that of the parked, ms",
    Math.max(
      ...["glossond dialled", "glossond 16 parked, 8 dialled"].map((target) =>
        only("burst", target, "p99AboveParkedMs")
      ),
    ),
    5,
  );
  const newConnection = only("rate", "glossond parked", "cpuMsEach");
  judge.most(
    "parked: CPU per new connection / HAProxy's",
    newConnection / only("rate", "haproxy default", "cpuMsEach"),
    1.4,
  );
  judge.most(
    "parked: CPU per new connection / a bare meeting's on this runtime",
    newConnection / only("rate", "bare meeting", "cpuMsEach"),
    1.1,
  );
  judge.most(
    "parked, 40 ms links: round trips above HAProxy's",
    only("links", "glossond parked", "roundTripsAdded") -
      only("links", "haproxy default", "roundTripsAdded"),
    // A quarter of a round trip is what a busy machine can add; none is meant.
    0.25,
  );
  judge.most(
    "the reference client's page: ms above nginx behind HAProxy",
    only("page", "glossond to glosson", "pageMs") -
      only("page", "haproxy 256k to nginx", "pageMs"),
    // What waits for a delayed acknowledgement takes 40.
    2.5,
  );
  judge.most(
    "the reference client's page: p99 as a share of nginx's behind HAProxy",
    only("page", "glossond to glosson", "pageP99Ms") /
      only("page", "haproxy 256k to nginx", "pageP99Ms"),
    3,
  );
}

/** Ours beside other tunnels. */
function judgeTunnels(judge: Judge, rows: readonly Row[]): void {
  for (const { section, target, values } of rows) {
    if (section !== "tunnels, ours by theirs") continue;
    for (const [name, ratio = NaN] of Object.entries(values)) {
      judge[name.startsWith("gbps") ? "least" : "most"](`${name} / ${target}'s`, ratio, 1);
    }
  }
}

/** What stays joined takes, and what a relay bears. */
function judgeRelay(judge: Judge, rows: readonly Row[]): void {
  for (const row of rows.filter((r) => r.target === "glossond")) {
    const most = MOST[row.section];
    if (most === undefined) continue;
    judge.most(`${row.case}: KB each`, row.values.rssKbEach ?? NaN, most.kb);
    if (most.descriptors === undefined) continue;
    judge.most(
      `${row.case}: descriptors each`,
      row.values.descriptorsEach ?? NaN,
      most.descriptors,
    );
  }
  for (const { section, case: kind, values } of rows) {
    if (section === "pressure") {
      judge.most(`${kind}: MB grown`, values.grownMb ?? NaN, 4);
      judge.most(`${kind}: share grown`, values.grownShare ?? NaN, 0.2);
    }
    if (section === "soak") {
      judge.most(`${kind}: errors`, values.errors ?? NaN, 0);
      judge.most(`${kind}: event loop p99, ms`, values.loopP99Ms ?? NaN, 50);
    }
  }
}

/** The verdicts as text, one a line. */
export function verdictText(found: readonly Verdict[]): string {
  return found.map(({ what, value, limit, bound, passed }) =>
    `${passed ? "PASS" : "FAIL"}  ${what}: ${value.toFixed(2)} (at ${bound} ${limit})\n`
  ).join("");
}
