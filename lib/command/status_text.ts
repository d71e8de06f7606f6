import type { StatusReport } from "../admin/status.ts";
import type { Tones } from "../paint.ts";
import { facts, localTime, shortBytes, shortDuration } from "./table.ts";

/** How {@linkcode statusText} is shown. */
export const STATUS_TONES: Tones = [
  [/(?<=^ready +)yes$/gm, "green"],
  [/(?<=^ready +)NO(?=:)/gm, "red"],
  [/\bCANNOT\s+REACH\s+THE\s+DATA\s+PORT\b/g, "yellow"],
  [/\b\d+\s+failed\s+orders\b/g, "yellow"],
];

/** The relay's status as a table for people. */
export function statusText(report: StatusReport): string {
  const { certificate, users, visitors, issuance, bio } = report;
  const wrong = report.checks.filter((check) => !check.ok);
  const { replaced } = visitors.joins;
  const dead = replaced > 0 ? ` (${replaced} were dead)` : "";
  const rows: [string, string][] = [
    ["relay", `${report.software}, up ${shortDuration(report.uptimeS)}`],
    [
      "ready",
      report.ready ? "yes" : `NO: ${wrong.map((c) => c.detail ?? c.name).join("; ")}`,
    ],
    ["certificate", certificateText(certificate)],
    [
      "users",
      `${users.online} online${
        users.accounts === null
          ? "; THE DATABASE CANNOT BE READ"
          : ` of ${users.accounts}, ${users.blocked} names blocked`
      }${users.unreachable > 0 ? `; ${users.unreachable} CANNOT BE VISITED` : ""}`,
    ],
    ["parked", `${users.parked} data connections`],
    ["visitors", `${visitors.joined} joined now; ${counts(visitors.served) || "none so far"}`],
    [
      "joins",
      `${visitors.joins.parked} over parked connections${dead}, ${visitors.joins.dialled} asked for`,
    ],
    [
      "traffic",
      `${shortBytes(visitors.bytes.toVisitors)} to visitors, ${
        shortBytes(visitors.bytes.toClients)
      } to clients (of those that have ended)`,
    ],
    ["refused", counts(report.refusals) || "none"],
    ["limits", report.limits.map((l) => `${l.name} ${l.used} of ${l.max}`).join(", ")],
    [
      "orders",
      issuance === null
        ? "not known"
        : `${issuance.running} certificate orders running, ${issuance.waiting} waiting, ${issuance.newNamesThisWeek} new names this week`,
    ],
    ["bio script", `${bio.running} running; ${counts(bio.results) || "not run yet"}`],
  ];
  const { cluster } = report;
  return facts([...rows, ...cluster === undefined ? [] : clusterRows(cluster)]);
}

/** The relays that serve BASE together, a line each. */
function clusterRows(
  { id, fault, elsewhere, relays, answerMs }: NonNullable<StatusReport["cluster"]>,
): [string, string][] {
  const database = answerMs === null ? "no answer" : `answered in ${answerMs} ms`;
  return [
    [
      "relays",
      fault === null
        ? `this one is ${id}; ${elsewhere} users elsewhere; the database ${database}`
        : `this one is ${id}: ${fault.toUpperCase()}`,
    ],
    ...relays.map((relay): [string, string] => [
      "",
      `${relay.id}: ${
        relay.alive ? "" : "NOT THERE, "
      }${relay.version}, ${relay.users} users, ${relay.visitors} visitors, heard ${
        shortDuration(relay.heardMs / 1000)
      } ago`,
    ]),
  ];
}

function certificateText(certificate: StatusReport["certificate"]): string {
  const { failures, lastError, nextAttemptAt } = certificate;
  const what = certificate.selfSigned
    ? "self-signed, until the first order is done"
    : `until ${localTime(certificate.notAfter)} by ${certificate.issuer}, renewal ${
      localTime(certificate.renewAt)
    }`;
  if (failures === 0) return what;
  return `${what}; ${failures} failed orders, the last: ${lastError ?? "?"}; next try ${
    localTime(nextAttemptAt)
  }`;
}

function counts(by: Record<string, number>): string {
  return Object.entries(by).map(([word, count]) => `${word} ${count}`).join(", ");
}
