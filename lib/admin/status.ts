import type { Counters } from "./counters.ts";
import type { CertificateFigures, ClusterFigures, Figures, LimitFigures } from "./figures.ts";

/** A part that has to be well for the relay to serve. */
export interface Check {
  name: string;
  ok: boolean;
  /** What is wrong, when it is not well. */
  detail?: string;
}

/** What `glossond status` shows; times are RFC 3339, counts are since the start. */
export interface StatusReport {
  software: string;
  startedAt: string;
  uptimeS: number;
  ready: boolean;
  checks: Check[];
  certificate: Omit<CertificateFigures, "notBefore" | "notAfter" | "renewAt" | "nextAttemptAt"> & {
    notAfter: string;
    renewAt: string;
    nextAttemptAt: string | null;
  };
  users: {
    /** Null, as other counts of the store, while that cannot be read. */
    accounts: number | null;
    blocked: number | null;
    online: number;
    parked: number;
    /** Clients that say that their way to the data port fails. */
    unreachable: number;
  };
  visitors: {
    joined: number;
    hellos: number;
    /** Served connections by how they ended. */
    served: Record<string, number>;
    /** Met their client over a parked connection, or after asking for one. */
    joins: { parked: number; dialled: number; replaced: number };
    /** Of visitors that have parted from their clients. */
    bytes: { toClients: number; toVisitors: number };
  };
  /** Refused connections by reason: visitors', clients', and those closed unread by listeners. */
  refusals: Record<string, number>;
  limits: LimitFigures[];
  issuance: { waiting: number; running: number; newNamesThisWeek: number } | null;
  bio: { running: number; results: Record<string, number> };
  /** Absent where the relay is alone. */
  cluster?: ClusterFigures;
}

/** Options for {@linkcode statusReport}. */
export interface StatusOptions {
  software: string;
  /** Milliseconds since the epoch. */
  startedAt: number;
  now: number;
  checks: Check[];
  counters: Counters;
  figures: Figures;
}

/** Puts together how the relay is doing; never rejects. */
export async function statusReport(options: StatusOptions): Promise<StatusReport> {
  const { software, startedAt, now, checks, counters, figures } = options;
  // What else there is of it is for others, and has times of the epoch.
  const { notAfter, renewAt, nextAttemptAt, names, issuer, selfSigned, failures, lastError } =
    figures.certificate();
  const full = figures.listeners().filter(({ refused }) => refused > 0)
    .map(({ name, refused }): [string, number] => [`${name}-full`, refused]);
  const data = counters.dataRefusals.entries()
    .map(([reason, count]): [string, number] => [`data-${reason}`, count]);
  const [accounts, issuance] = await Promise.all([
    figures.accounts().catch(() => null),
    figures.issuance().catch(() => null),
  ]);
  return {
    software,
    startedAt: time(startedAt),
    uptimeS: Math.floor((now - startedAt) / 1000),
    ready: checks.every((check) => check.ok),
    checks,
    certificate: {
      ...{ names, issuer, selfSigned, failures, lastError },
      notAfter: time(notAfter),
      renewAt: time(renewAt),
      nextAttemptAt: nextAttemptAt ? time(nextAttemptAt) : null,
    },
    users: {
      accounts: accounts && accounts.total,
      blocked: accounts && accounts.blocked,
      ...figures.clients(),
    },
    visitors: {
      ...figures.visitors(),
      served: Object.fromEntries(counters.visitors.entries()),
      joins: { ...counters.joins },
      bytes: { ...counters.bytes },
    },
    refusals: Object.fromEntries([...counters.refusals.entries(), ...data, ...full]),
    limits: figures.limits(),
    issuance,
    bio: { running: figures.bioRunning(), results: Object.fromEntries(counters.bios.entries()) },
    ...(figures.cluster && { cluster: await figures.cluster() }),
  };
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}
