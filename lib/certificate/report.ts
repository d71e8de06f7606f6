import { leafFingerprint, type TlsIdentity, unfitness } from "../pki/identity.ts";
import { notedRenewalTime } from "./renewal_plan.ts";
import { openRelayStore, type RelayStatus, type RelayStore, type StoredRelay } from "./store.ts";

/** Share of the lifetime that a due renewal may take before it counts as late. */
const GRACE_SHARE = 1 / 100;

/** Options for {@linkcode certificateReport}. */
export interface CertificateReportOptions {
  stateDir: string;
  /** Names that the certificate must carry. */
  names: readonly string[];
  /** Source of the authority in use, to tell another's certificate. */
  source?: string;
  /** Asks the running daemon for the fingerprint that it serves. @default nothing is asked */
  servedFingerprint?: () => Promise<string | undefined>;
  /** Clock in milliseconds since the epoch. @default {Date.now} */
  now?: () => number;
}

/** How the relay's certificate stands; times in RFC 3339. */
export interface CertificateReport {
  /**
   * `good`: installed, fit, not due, and served if a daemon runs; `attention`: renewal is due or the
   * last attempt failed, or the daemon serves another; `unusable`: missing, out of date, for other
   * names, or not a pair with its key.
   */
  state: "good" | "attention" | "unusable";
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

/** What is wrong, and how much. */
interface Problem {
  state: "attention" | "unusable";
  sentence: string;
}

/** Tells how the relay's certificate stands. Changes nothing; what cannot be read is a problem. */
export async function certificateReport(
  options: CertificateReportOptions,
): Promise<CertificateReport> {
  const store = openRelayStore(options.stateDir);
  const status = await store.readStatus();
  const found = await look(store, status, options).catch((error) => ({
    facts: {},
    problems: [unusable(error instanceof Error ? error.message : String(error))],
  }));
  const { plan: _, ...attempts } = status;
  const problems = attempts.lastError === undefined
    ? found.problems
    : [...found.problems, attention(`The last attempt failed: ${attempts.lastError}`)];
  return {
    state: problems.some(({ state }) => state === "unusable")
      ? "unusable"
      : problems.length > 0
      ? "attention"
      : "good",
    problems: problems.map(({ sentence }) => sentence),
    ...attempts,
    served: "unknown",
    ...found.facts,
  };
}

/** Looks at what is stored, and at what the daemon serves. */
async function look(
  store: RelayStore,
  status: RelayStatus,
  options: CertificateReportOptions,
): Promise<{ facts: Partial<CertificateReport>; problems: Problem[] }> {
  const stored = await store.read();
  if (stored === undefined) {
    const fix = "start the daemon, or run `glossond cert renew`";
    return { facts: {}, problems: [unusable(`No certificate is installed: ${fix}`)] };
  }
  const { now = Date.now } = options;
  const { identity, metadata } = stored;
  const renewAt = notedRenewalTime(identity, status);
  const served = await servedState(identity, options.servedFingerprint);
  const facts = {
    names: identity.names,
    issuer: identity.issuer,
    authority: metadata?.source ?? metadata?.authority,
    obtainedAt: metadata?.obtainedAt,
    notBefore: iso(identity.notBefore),
    notAfter: iso(identity.notAfter),
    renewAt: iso(renewAt),
    daysLeft: Math.floor((identity.notAfter - now()) / 86_400_000),
    served,
  };
  const problems = judge(stored, renewAt, options);
  if (served === "no") {
    problems.push(
      attention("The daemon serves another certificate: look at its log, or restart it"),
    );
  }
  return { facts, problems };
}

function judge(
  { identity, metadata }: StoredRelay,
  renewAt: number,
  { names, source, now = Date.now }: CertificateReportOptions,
): Problem[] {
  const problems: Problem[] = [];
  const unfit = unfitness(identity, { names, now: now() });
  // A daemon that is at it this very moment is no reason for an alarm.
  const grace = (identity.notAfter - identity.notBefore) * GRACE_SHARE;
  if (unfit !== undefined) problems.push(unusable(unfit));
  else if (now() >= renewAt + grace) {
    problems.push(attention(`Renewal is due since ${iso(renewAt)}`));
  }
  if (source !== undefined && metadata?.source !== undefined && metadata.source !== source) {
    problems.push(attention(`It is of another authority (${metadata.source}) than the one set`));
  }
  return problems;
}

async function servedState(
  identity: TlsIdentity,
  servedFingerprint: CertificateReportOptions["servedFingerprint"],
): Promise<CertificateReport["served"]> {
  if (servedFingerprint === undefined) return "unknown";
  const served = await servedFingerprint();
  if (served === undefined) return "no-daemon";
  return served === leafFingerprint(identity.cert) ? "yes" : "no";
}

function unusable(clause: string): Problem {
  return { state: "unusable", sentence: clause.charAt(0).toUpperCase() + clause.slice(1) };
}

function attention(sentence: string): Problem {
  return { state: "attention", sentence };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
