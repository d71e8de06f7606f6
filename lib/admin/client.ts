import { JsonLine } from "../net/json_line.ts";
import { linesOf } from "../net/lines.ts";
import { sleep } from "../net/pause.ts";
import type { ActView, OperatorTrace } from "./acts.ts";
import { createAsker, RelayAwayError } from "./asker.ts";
import type { BioTrial, GoodTickets, RenewalLine } from "./commands.ts";
import type { Predecessor, Standing } from "./hand_over.ts";
import type { MetricValues } from "./instruments.ts";
import { findSockets, isServed } from "./socket.ts";
import type { StatusReport } from "./status.ts";
import type { LimitsView, UserDesk, UserView } from "./users.ts";

/** How long the running relay may take to answer; an order of a certificate may take longer. */
const ANSWER_TIMEOUT_MS = 10_000;

/** The same where another process of it can be asked as well. */
const NEXT_TIMEOUT_MS = 2_000;

/** The same where it runs the bio script first. */
const BIO_TIMEOUT_MS = 20_000;

/** How long a relay that ends, or was taken the place of, may take to close its socket. */
const CLOSE_TIMEOUT_MS = 5_000;

/** How often it is looked whether it has. */
const CLOSE_STEP_MS = 10;

/** A running relay, as its operator's commands reach it. */
export interface AdminClient {
  status(): Promise<StatusReport>;
  users: UserDesk;
  /** Runs the bio script as for a claim. */
  bio(username: string): Promise<BioTrial>;
  /** Renews the relay's certificate; yields each line as it comes, the one with `result` last. */
  renew(force: boolean): AsyncIterable<RenewalLine>;
  handOver: Predecessor;
  /** Which of these tickets can be shown at the data port of this process. */
  goodTickets(tickets: readonly string[]): Promise<GoodTickets>;
  /** Its metrics, for another process of the same relay, which renders those of all. */
  metrics(): Promise<MetricValues[]>;
  /** A copy of all that the relay keeps. */
  backup(): AsyncIterable<Uint8Array<ArrayBuffer>>;
}

/**
 * Connects the operator's commands to the relay that runs on a state folder.
 *
 * @param process which of its processes; by default the first one that answers.
 * @returns undefined when none does: it was never started, has stopped, or crashed.
 * @throws {Error} when it may not be reached, or something else has its place; {@linkcode RelayAwayError} when one
 * runs and none answers.
 */
export async function connectAdmin(
  stateDir: string,
  process?: number,
): Promise<AdminClient | undefined> {
  const where = `The relay of ${stateDir}`;
  const paths = findSockets(stateDir, process);
  let silent: Error | undefined;
  for (const path of paths) {
    const answerMs = path === paths.at(-1) ? ANSWER_TIMEOUT_MS : NEXT_TIMEOUT_MS;
    try {
      // One of an earlier version answers, if by 404.
      await createAsker(path, where, answerMs).ping();
      return clientOf(path, where);
    } catch (error) {
      if (!(error instanceof RelayAwayError)) throw error;
      if (error.away === "silent") silent = error;
    }
  }
  if (silent !== undefined) throw silent;
  return undefined;
}

/** Whether nothing accepts connections on a socket, by the end of {@linkcode CLOSE_TIMEOUT_MS}. */
async function isClosed(path: string): Promise<boolean> {
  for (let waited = 0; await isServed(path); waited += CLOSE_STEP_MS) {
    if (waited >= CLOSE_TIMEOUT_MS) return false;
    await sleep(CLOSE_STEP_MS);
  }
  return true;
}

/**
 * A process of the relay that runs on a state folder, for another one of the same relay: it is not looked first
 * whether it runs.
 *
 * @param answerMs how long it may take to answer.
 * @returns undefined where it was never started, or has stopped.
 * @throws {Error} as {@linkcode connectAdmin}.
 */
export function adminOf(
  stateDir: string,
  process: number,
  answerMs?: number,
): AdminClient | undefined {
  const [path] = findSockets(stateDir, process);
  return path === undefined ? undefined : clientOf(path, `The relay of ${stateDir}`, answerMs);
}

/** @param where names the relay in errors. */
function clientOf(path: string, where: string, answerMs = ANSWER_TIMEOUT_MS): AdminClient {
  const { json, found, parts } = createAsker(path, where, answerMs);

  async function change(username: string, what: string, trace: OperatorTrace): Promise<boolean> {
    const target = `/v1/users/${username}/${what}`;
    return (await json<{ changed: boolean }>("POST", target, trace)).changed;
  }

  async function* renew(force: boolean): AsyncIterable<RenewalLine> {
    const lines = linesOf(parts("POST", `/v1/certificate/renew?force=${force}`));
    for await (const line of lines) yield JSON.parse(line) as RenewalLine;
  }

  /** Has the relay do a step of its hand-over; `gone` where it has ended, and nobody is in the way. */
  async function step<T>(name: string, gone: T): Promise<T> {
    try {
      return await json<T>("POST", `/v1/hand-over/${name}`);
    } catch (error) {
      // A process that ends closes its socket a moment after its connections.
      const wasCutOff = error instanceof RelayAwayError && error.away === "ended";
      if (wasCutOff ? !await isClosed(path) : await isServed(path)) throw error;
      return gone;
    }
  }

  async function leaveClients(): Promise<void> {
    await step("clients", undefined);
    if (!await isClosed(path)) throw new Error(`${where} does not close its socket`);
  }

  return {
    status: () => json<StatusReport>("GET", "/v1/status"),
    users: {
      list: () => json<UserView[]>("GET", "/v1/users"),
      show: (username, { dns = false } = {}) =>
        found<UserView>("GET", `/v1/users/${username}?dns=${dns}`),
      block: async (username, trace) => void await change(username, "block", trace),
      unblock: (username, trace) => change(username, "unblock", trace),
      release: (username, trace, { now = false } = {}) =>
        change(username, `release?now=${now}`, trace),
      endRest: (username, trace) => change(username, "end-rest", trace),
      limit: (username, limits, trace) =>
        found<LimitsView>("POST", `/v1/users/${username}/limit`, { ...trace, limits }),
      acts: (username) =>
        json<ActView[]>("GET", username === undefined ? "/v1/acts" : `/v1/users/${username}/acts`),
    },
    bio: (username) => json<BioTrial>("POST", `/v1/bio/${username}`, undefined, BIO_TIMEOUT_MS),
    renew,
    goodTickets: (tickets) => json<GoodTickets>("POST", "/v1/tickets", { tickets }),
    metrics: () => json<MetricValues[]>("GET", "/v1/metrics"),
    backup: () => parts("GET", "/v1/backup"),
    handOver: {
      async lines() {
        const { path } = await json<{ path: string }>("POST", "/v1/hand-over/line");
        return [new JsonLine(await Deno.connect({ transport: "unix", path }))];
      },
      look: () => json<Standing>("GET", "/v1/hand-over"),
      leaveVisitors: () => step<Standing>("visitors", { online: [], ports: {} }),
      resume: () => json("POST", "/v1/hand-over/resume"),
      leaveClients,
    },
  };
}
