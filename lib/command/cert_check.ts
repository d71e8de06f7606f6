import {
  type CertificateReport,
  certificateReport,
  type CertificateReportOptions,
} from "../certificate/report.ts";
import type { Tones } from "../paint.ts";
import { facts, localTime } from "./table.ts";

/** Exit codes of `glossond cert check`, by {@linkcode CertificateReport.state}. */
const CHECK_EXIT = { good: 0, attention: 1, unusable: 2 } as const;

/** How its last lines are shown. */
export const CHECK_TONES: Tones = [
  [/^good$/gm, "green"],
  [/^attention(?=: )/gm, "yellow"],
  [/^unusable(?=: )/gm, "red"],
];

/** Options for {@linkcode certCheck}. */
export interface CertCheckOptions extends CertificateReportOptions {
  /** One JSON object instead of lines for people. */
  json?: boolean;
  write: (text: string) => void;
}

/**
 * `glossond cert check`: tells how the relay's certificate stands, by one exit code for cron and
 * monitoring, and in lines or JSON for people and programs. Changes nothing.
 *
 * @returns a value of {@linkcode CHECK_EXIT}.
 */
export async function certCheck(options: CertCheckOptions): Promise<number> {
  const report = await certificateReport(options);
  options.write(options.json ? JSON.stringify(report, null, 2) + "\n" : lines(report));
  return CHECK_EXIT[report.state];
}

function lines(report: CertificateReport): string {
  const served = {
    "yes": "yes",
    "no": "no, another certificate",
    "no-daemon": "no daemon answers",
    "unknown": "not asked",
  }[report.served];
  const left = report.daysLeft === undefined ? "" : ` (${report.daysLeft} days left)`;
  const rows: [string, string | undefined][] = [
    ["names", report.names?.join(", ")],
    ["issuer", report.issuer],
    ["authority", report.authority],
    ["valid from", time(report.notBefore)],
    ["valid until", report.notAfter && time(report.notAfter) + left],
    ["renewal due", time(report.renewAt)],
    ["last attempt", time(report.lastAttemptAt)],
    ["failures", report.failures > 0 ? String(report.failures) : undefined],
    ["next attempt", time(report.nextAttemptAt)],
    ["served by the daemon", report.names && served],
  ];
  const shown = rows.filter((row): row is [string, string] => Boolean(row[1]));
  const end = report.problems.length === 0
    ? ["good\n"]
    : report.problems.map((problem) => `${report.state}: ${problem}\n`);
  return (shown.length === 0 ? "" : facts(shown)) + end.join("");
}

function time(at: string | undefined): string | undefined {
  return at && localTime(at);
}
