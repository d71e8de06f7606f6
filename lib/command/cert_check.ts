import { readChain, unfitness } from "../pki/identity.ts";
import { notedRenewalTime } from "../certificate/renewal_plan.ts";
import { type ServedAt, servedFingerprint } from "../certificate/served.ts";
import { openRelayStore } from "../certificate/store.ts";

/** Exit codes of `glossond cert check`. */
export const CHECK_EXIT = {
  /** Installed, fit, not due, and served if a daemon runs. */
  good: 0,
  /** Renewal is due or the last attempt failed, or the daemon serves another certificate. */
  attention: 1,
  /** Missing, out of date, for other names, or not a pair with its key. */
  unusable: 2,
} as const;

/** Share of the lifetime that a due renewal may take before it counts as late. */
const GRACE_SHARE = 1 / 100;

/** Options for {@linkcode certCheck}. */
export interface CertCheckOptions {
  stateDir: string;
  /** Names that the certificate must carry. */
  names: readonly string[];
  /** Source of the authority in use, to tell another's certificate. */
  source?: string;
  /** The running daemon's listener. */
  servedAt?: ServedAt;
  /** One JSON object instead of lines for people. */
  json?: boolean;
  write: (text: string) => void;
  /** Clock in milliseconds since the epoch. @default {Date.now} */
  now?: () => number;
  /** Asks the listener; over the network by default. */
  fingerprintAt?: (at: ServedAt) => Promise<string | undefined>;
}

/** What `cert check` found; times in RFC 3339. */
export interface CertReport {
  state: keyof typeof CHECK_EXIT;
  /** Everything that is not as it should be, in sentences for a person. */
  problems: string[];
  names?: string[];
  issuer?: string;
  authority?: string;
  obtainedAt?: string;
  notBefore?: string;
  notAfter?: string;
  renewAt?: string;
  daysLeft?: number;
  lastAttemptAt?: string;
  lastError?: string;
  failures: number;
  nextAttemptAt?: string;
  /** Whether the daemon serves it; `no-daemon` when nothing answers at its listener. */
  served: "yes" | "no" | "no-daemon" | "unknown";
}

/**
 * `glossond cert check`: tells how the relay's certificate stands, by one exit code for cron and
 * monitoring, and in lines or JSON for people and programs. Changes nothing.
 *
 * @returns a value of {@linkcode CHECK_EXIT}.
 */
export async function certCheck(options: CertCheckOptions): Promise<number> {
  const report = await inspect(options);
  options.write(options.json ? JSON.stringify(report, null, 2) + "\n" : lines(report));
  return CHECK_EXIT[report.state];
}

async function inspect(options: CertCheckOptions): Promise<CertReport> {
  const { stateDir, names, source, servedAt, now = Date.now } = options;
  const { fingerprintAt = servedFingerprint } = options;
  const store = openRelayStore(stateDir);
  const status = await store.readStatus();
  const { plan: _, ...attempts } = status;
  const report: CertReport = { state: "good", problems: [], ...attempts, served: "unknown" };

  function find(state: "attention" | "unusable", problem: string): void {
    report.problems.push(problem);
    if (report.state !== "unusable") report.state = state;
  }

  try {
    const stored = await store.read();
    if (stored === undefined) {
      find(
        "unusable",
        "No certificate is installed: start the daemon, or run `glossond cert renew`",
      );
    } else {
      const { identity, metadata } = stored;
      const { notBefore, notAfter } = identity;
      const { fingerprint } = await readChain(identity.cert);
      const renewAt = await notedRenewalTime(identity, status);
      // A daemon that is at it this very moment is no reason for an alarm.
      const grace = (notAfter - notBefore) * GRACE_SHARE;
      Object.assign(report, {
        names: identity.names,
        issuer: identity.issuer,
        authority: metadata?.source ?? metadata?.authority,
        obtainedAt: metadata?.obtainedAt,
        notBefore: iso(notBefore),
        notAfter: iso(notAfter),
        renewAt: iso(renewAt),
        daysLeft: Math.floor((notAfter - now()) / 86_400_000),
      });
      const unfit = unfitness(identity, { names, now: now() });
      if (unfit !== undefined) find("unusable", sentence(unfit));
      else if (now() >= renewAt + grace) find("attention", `Renewal is due since ${iso(renewAt)}`);
      if (source !== undefined && metadata?.source !== undefined && metadata.source !== source) {
        find("attention", `It is of another authority (${metadata.source}) than the one set`);
      }
      report.served = await servedState(servedAt, fingerprint, fingerprintAt);
      if (report.served === "no") {
        find("attention", "The daemon serves another certificate: look at its log, or restart it");
      }
    }
  } catch (error) {
    find("unusable", sentence(error instanceof Error ? error.message : String(error)));
  }
  if (report.lastError !== undefined) {
    find("attention", `The last attempt failed: ${report.lastError}`);
  }
  return report;
}

async function servedState(
  servedAt: ServedAt | undefined,
  fingerprint: string,
  fingerprintAt: (at: ServedAt) => Promise<string | undefined>,
): Promise<CertReport["served"]> {
  if (servedAt === undefined) return "unknown";
  const served = await fingerprintAt(servedAt);
  if (served === undefined) return "no-daemon";
  return served === fingerprint ? "yes" : "no";
}

function lines(report: CertReport): string {
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
    ["valid from", report.notBefore],
    ["valid until", report.notAfter && report.notAfter + left],
    ["renewal due", report.renewAt],
    ["last attempt", report.lastAttemptAt],
    ["failures", report.failures > 0 ? String(report.failures) : undefined],
    ["next attempt", report.nextAttemptAt],
    ["served by the daemon", report.names && served],
  ];
  const shown = rows.flatMap(([label, value]) => value ? [`${label.padEnd(21)} ${value}\n`] : []);
  const end = report.problems.length === 0
    ? ["good\n"]
    : report.problems.map((problem) => `${report.state}: ${problem}\n`);
  return [...shown, ...end].join("");
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
