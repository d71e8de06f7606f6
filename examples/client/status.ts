import type { Tones } from "../../lib/paint.ts";
import { Api } from "./api.ts";
import { usableIdentity } from "./identity.ts";
import type { Installed } from "./install_commands.ts";
import { keyFingerprint } from "../../lib/pki/key_fingerprint.ts";
import { takeLock } from "./lock.ts";
import { lastLines, LOG_NAME } from "./log_file.ts";
import { openRelayHttp } from "./relay_http.ts";
import type { RunningState } from "./records.ts";
import type { State } from "./state.ts";
import { withPort } from "../../lib/wire/ip_address.ts";

/** How things stand, as `glosson status --json` prints it; times are RFC 3339. */
export interface Status {
  username: string;
  hostname: string;
  /** The page's address. */
  page: string;
  /** Fingerprint of the page's key, for `glosson verify`; null when there is no certificate that can be used. */
  key: string | null;
  relay: string;
  /** State folder. */
  state: string;
  /** Whether a `glosson run` uses this state folder. */
  running: boolean;
  /** Why that one is not online, as far as it knows. */
  why: string | null;
  /** The way to the relay's data port, which each visitor's connection goes; null when not known. */
  data: RunningState["data"];
  /** What the client saw of its own page from outside; null when it has not looked. */
  seen: RunningState["seen"];
  /** The certificate here; null when there is none that can be used. */
  certificate: {
    notAfter: string;
    renewAfter: string | null;
    /** Hosts below the page's own that it is for, too. */
    also: string[];
  } | null;
  /** Whether the relay sees a client for this name; null when it could not be asked. */
  online: boolean | null;
  lastOnlineAt: string | null;
  /** Why the relay could not be asked. */
  problem: string | null;
  /** What keeps `run` running; null when nothing does. */
  installed: Installed | null;
  /** The last lines that an installed `run` said. */
  log: string[];
}

/** Lines of the log that are shown. */
const LOG_LINES = 3;

/** Gathers how things stand; undefined when nothing is set up. */
export async function readStatus(
  state: State,
  now: () => number,
  askInstalled: () => Promise<Installed | undefined> = () => Promise.resolve(undefined),
): Promise<Status | undefined> {
  const account = await state.account();
  if (account === undefined) return undefined;
  const { username, hostname, relay, token } = account;
  const saved = await state.identity();
  const identity = saved && usableIdentity(saved, hostname, now());
  const lock = await takeLock(state.path("lock"));
  lock?.release();
  // What one that was killed has left there says nothing.
  const running = lock === undefined ? await state.running() : undefined;
  // It may not be allowed to look.
  const service = await askInstalled().catch(() => undefined) ?? null;
  const status: Status = {
    username,
    hostname,
    page: running?.page ?? `https://${hostname}`,
    key: identity === undefined ? null : keyFingerprint(identity.chain),
    relay,
    state: state.folder,
    running: lock === undefined,
    why: running?.why ?? null,
    data: running?.data ?? null,
    seen: running?.seen ?? null,
    certificate: identity === undefined ? null : {
      notAfter: new Date(identity.notAfter).toISOString(),
      renewAfter: identity.renewAfter ?? null,
      also: identity.names.filter((name) => name !== hostname),
    },
    online: null,
    lastOnlineAt: null,
    problem: null,
    installed: service,
    log: service === null ? [] : await lastLines(state.path(LOG_NAME), LOG_LINES) ?? [],
  };
  const http = openRelayHttp(new URL(relay), await state.ca());
  try {
    const { online, lastOnlineAt } = await new Api({ relay: new URL(relay), http, token, now })
      .account();
    return { ...status, online, lastOnlineAt };
  } catch (error) {
    return { ...status, problem: (error as Error).message };
  } finally {
    http.close();
  }
}

/** Whether nothing of what is known keeps visitors away from a client that runs. */
export function isWell({ running, online, data, seen, problem }: Status): boolean {
  if (problem !== null) return false;
  return !running || (online === true && data?.works !== false && seen?.verdict !== "other");
}

/** How {@linkcode statusText} is shown. */
export const STATUS_TONES: Tones = [
  [/(?<=^Online: +)yes$/gm, "green"],
  [/(?<=^Online: +)no\b(?! known)/gm, "yellow"],
  [/(?<=^Visitors: +)can be served(?=:)/gm, "green"],
  [/(?<=^Visitors: +)CANNOT BE SERVED\b/gm, "red"],
  [/^Trouble(?=:)/gm, "red"],
];

/** Puts the status into words. */
export function statusText(status: Status): string {
  const { certificate, online, lastOnlineAt, problem, running, why } = status;
  const rows: [string, string][] = [
    ["Page", status.page],
    ...(certificate?.also ?? []).map((host): [string, string] => ["Also", host]),
    ["Relay", status.relay],
    ["State", status.state],
    ["Running here", running ? "yes" : "no"],
    ["Installed", installedText(status)],
    ["Certificate", certificate === null ? "none" : `good until ${certificate.notAfter}`],
    ["Key", status.key ?? "none"],
    ["Online", online === null ? "not known" : online ? "yes" : why === null ? "no" : `no: ${why}`],
  ];
  if (online !== true && lastOnlineAt !== null) rows.push(["Last online", lastOnlineAt]);
  rows.push(["Visitors", visitorsText(status)]);
  if (running) rows.push(["From outside", seenText(status)]);
  if (problem !== null) rows.push(["Trouble", problem]);
  const lines = rows.map(([name, value]) => `${`${name}:`.padEnd(14)}${value}`);
  if (status.log.length > 0) {
    lines.push(
      "",
      "It said last:",
      ...status.log.map((one) => `  ${one}`),
    );
  }
  return lines.join("\n");
}

function installedText({ installed }: Status): string {
  if (installed === null) return "no: it does not begin by itself";
  const { by, state } = installed;
  return state === "running"
    ? `yes, by ${by}`
    : `yes, by ${by}, but it does not run: see glosson logs`;
}

function seenText({ seen }: Status): string {
  if (seen === null) return "not looked at yet";
  switch (seen.verdict) {
    case "own":
      return `visitors get through to this computer alone, as of ${seen.at}`;
    case "other":
      return `SOMEBODY ELSE ANSWERS in this computer's place since ${seen.since}: ${seen.why}`;
    case "not seen":
      return `could not be looked at since ${seen.since}: ${seen.why}`;
  }
}

function visitorsText({ running, data }: Status): string {
  if (!running) return "not served from here: no glosson run is running; start one";
  if (data === null) return "not known yet: no connection for them was made";
  const address = `the relay's data port ${withPort(data.host, data.port)}`;
  if (data.works) {
    return data.over === "websocket"
      ? "can be served: by WebSockets to the relay's own port, since " +
        `${address} cannot be used in this network`
      : `can be served: ${address} is reached`;
  }
  return `CANNOT BE SERVED since ${data.since}: ${address} cannot be used, ${data.problem}`;
}
