import { runBioProcess } from "../account/bio_process.ts";
import { SUPERVISOR_FOUND } from "../account/bio_supervisor.ts";
import type { RelayCertificate, RelayCertificateStatus } from "../certificate/relay_certificate.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { Settings } from "../config/settings.ts";
import { freeMib, whyUnwritable } from "../file/disk.ts";
import { scheduleTimeout } from "../net/schedule.ts";
import { postNotice } from "../trouble/webhook.ts";
import { type Trouble, type TroubleNotice, watchTrouble } from "../trouble/watch.ts";
import type { Ground } from "./ground.ts";
import type { Servers } from "./servers.ts";

/** Orders in a row that failed before it is trouble: one may fail, and is tried again in a minute. */
const FAILED_ORDERS = 3;

/** What is left of a certificate's life when it is trouble: renewal is due with a third of it. */
const EXPIRING_SHARE = 1 / 6;

/** How long the operator's program may take. */
const PROGRAM_TIMEOUT_MS = 10_000;

/** Parts that are looked at. */
export interface TroubleParts {
  /** Which of the relay's processes looks: what all have together is the first one's to tell. @default {1} */
  process?: number;
  certificate: Pick<RelayCertificate, "status">;
  servers: Pick<Servers, "figures">;
  /** The relays that serve BASE with this one; absent where it is alone. */
  cluster?: Pick<Cluster, "fault"> | undefined;
}

/** Watches for trouble, and tells of it by `GLOSSOND_ON_TROUBLE`, until the relay stops. */
export function startTroubleWatch(ground: Ground, parts: TroubleParts): void {
  const { settings, log, onClose, onReload } = ground;
  const watch = watchTrouble({
    look: createTroubleLook(settings, { ...parts, process: ground.process }),
    tell: (notice) => tell(settings, notice),
    log,
    schedule: scheduleTimeout,
  });
  onClose(() => watch.stop());
  onReload(() => void watch.look());
  watch.look();
}

/**
 * Makes what finds out all that is wrong: of the state folder and its disk, the relay's certificate, and whether
 * listeners accepted everybody since it was asked last.
 *
 * @param now clock in milliseconds since the epoch.
 */
export function createTroubleLook(
  settings: Readonly<Pick<Settings, "stateDir" | "minFreeMib">>,
  { process = 1, certificate, servers, cluster }: TroubleParts,
  now: () => number = Date.now,
): () => Promise<Trouble[]> {
  let errorsBefore = 0;

  function descriptors(): Trouble[] {
    const errors = servers.figures().reduce((sum, { acceptErrors }) => sum + acceptErrors, 0);
    const isNew = errors > errorsBefore;
    errorsBefore = errors;
    if (!isNew) return [];
    return [{
      kind: "descriptors",
      detail: "connections cannot be accepted: descriptors have run out, most likely",
      fix: "raise LimitNOFILE in the unit, or lower GLOSSOND_MAX_…",
    }];
  }

  return async () => [
    ...descriptors(),
    ...clusterTrouble(cluster),
    ...process === 1
      ? [...certificateTrouble(certificate.status(), now()), ...await diskTrouble(settings)]
      : [],
  ];
}

function clusterTrouble(cluster: TroubleParts["cluster"]): Trouble[] {
  if (cluster?.fault === undefined) return [];
  const fix = "see glossond status, and the log for what it is";
  return [{ kind: "other-relays", detail: cluster.fault, fix }];
}

function certificateTrouble(certificate: RelayCertificateStatus, now: number): Trouble[] {
  const { failures, lastError = "", selfSigned, notBefore, notAfter } = certificate;
  const fix = "glossond doctor names what is in its way; glossond cert renew tries at once";
  const found: Trouble[] = [];
  if (failures >= FAILED_ORDERS) {
    const detail = `${failures} orders of the relay's certificate failed: ${lastError}`;
    found.push({ kind: "renewal-failing", detail, fix });
  }
  if (!selfSigned && notAfter - now < (notAfter - notBefore) * EXPIRING_SHARE) {
    const detail = `the relay's certificate ends at ${new Date(notAfter).toISOString()}`;
    found.push({ kind: "certificate-expiring", detail, fix });
  }
  return found;
}

async function diskTrouble(
  { stateDir, minFreeMib }: Readonly<Pick<Settings, "stateDir" | "minFreeMib">>,
): Promise<Trouble[]> {
  const unwritable = whyUnwritable(stateDir);
  if (unwritable !== undefined) {
    return [{
      kind: "state-unwritable",
      detail: `nothing can be written into ${stateDir}: ${unwritable}`,
      fix: "mend that; those who are online stay so meanwhile",
    }];
  }
  const free = await freeMib(stateDir);
  if (free >= minFreeMib) return [];
  return [{
    kind: "disk-low",
    detail: `${Math.floor(free)} MiB are free on the disk of ${stateDir}, less than ${minFreeMib}`,
    fix: "make room on it, or lower GLOSSOND_MIN_FREE_MIB",
  }];
}

async function tell(settings: Readonly<Settings>, notice: TroubleNotice): Promise<void> {
  const { onTrouble, baseDomain } = settings;
  if (onTrouble === undefined) return;
  const whole = { relay: baseDomain, ...notice };
  if (/^https?:/.test(onTrouble)) return await postNotice(onTrouble, whole);
  const end = await runBioProcess({
    interpreter: "python3",
    script: onTrouble,
    argument: JSON.stringify(whole),
    timeoutMs: PROGRAM_TIMEOUT_MS,
    maxBytes: 65_536,
  });
  if (end.ended === "exited" && end.code === SUPERVISOR_FOUND) return;
  const why = end.ended === "exited" ? "did not end well" : `was stopped (${end.ended})`;
  throw new Error(`${onTrouble} ${why}${end.stderr && `: ${end.stderr}`}`);
}
