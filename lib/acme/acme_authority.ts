import { join } from "node:path";
import { dropLostAccount, openAccountSession } from "./account.ts";
import { runOrder } from "./order.ts";
import { AcmeProblem, createAcmeTransport } from "./transport.ts";
import { fetchRenewalWindow } from "./renewal_info.ts";
import {
  type Authority,
  type CertificateOrder,
  OrderPostponedError,
  OrderRefusedError,
  type RenewalWindow,
} from "../certificate/authority.ts";
import { openChallengeJournal } from "../dns/challenge_journal.ts";
import { createChallengeWriter } from "../dns/challenge_writer.ts";
import { createNameKeeper, type NameKeeper, type NameKeeperOptions } from "../dns/name_keeper.ts";
import type { DnsProvider } from "../dns/provider.ts";
import { createDnsTurn } from "../dns/turn.ts";
import { openStateFolder } from "../file/state_folder.ts";
import { openOrderJournal } from "./order_journal.ts";
import { settleWithin } from "../net/pause.ts";
import type { DnsQueries } from "../dns/propagation.ts";

/** A clock that is further off than this is set right before anything is ordered. */
const CLOCK_LIMIT_MS = 10 * 60_000;

/** How long to wait after a refusal for rate if the server does not say. */
const RATE_LIMIT_PAUSE_MS = 3_600_000;

/** How long clean-up may hold the end up; what is left then is recovered at the next start. */
const CLOSE_TIMEOUT_MS = 10_000;

/** Problem types that another try would meet again (RFC 8555, section 6.7). */
const FINAL_PROBLEMS = [
  "badCSR",
  "badPublicKey",
  "rejectedIdentifier",
  "unsupportedIdentifier",
];

/** Options for {@linkcode openAcmeAuthority}. */
export interface AcmeAuthorityOptions {
  stateDir: string;
  directoryUrl: string;
  /** PEM of a private ACME server's root. */
  caPem?: string;
  /** Contact of the account. */
  email?: string;
  /** Certificate profile to order. */
  profile?: string;
  /** Holds the zones of the names to prove. */
  dns: DnsProvider;
  /** `ip:port` of the servers asked for challenges; empty for the zone's own. @default {[]} */
  dnsServers?: readonly string[];
  /** How long they may take to answer with a challenge. @default {180 s} */
  propagationTimeoutMs?: number;
  /** Keeps names in the DNS that challenges are put below. @default none is kept */
  names?: Omit<NameKeeperOptions, "dns" | "inTurn" | "onNote">;
  /** Names this program to the ACME server. @default {"glossond"} */
  userAgent?: string;
  /** Told of what nobody waits for: clean-up at start. */
  onNote?: (note: string, fields?: Record<string, unknown>) => void;
  /** Clock in milliseconds since the epoch. @default {Date.now} */
  now?: () => number;
  /** DNS queries; over the network by default. */
  queries?: DnsQueries;
}

/** An authority that holds connections and files open. */
export interface AcmeAuthority extends Authority {
  /** Resolves when what earlier runs left in the DNS is removed, or could not be for now. */
  readonly recovered: Promise<void>;
  /** What `names` asked for; its `start` is the caller's to call. */
  readonly names: NameKeeper | undefined;
  /** Ends it, once orders under way have ended: the caller aborts them before. */
  close(): Promise<void>;
}

/**
 * Opens the production authority: any RFC 8555 server, names proven by dns-01. Nothing is asked of it
 * or of `dns` before the first order, but for the clean-up of challenge values that a crash has left.
 */
export async function openAcmeAuthority(options: AcmeAuthorityOptions): Promise<AcmeAuthority> {
  const { stateDir, directoryUrl, caPem, email, profile, dns, dnsServers = [], queries } = options;
  const { propagationTimeoutMs, userAgent = "glossond", onNote, now = Date.now } = options;
  openStateFolder(stateDir);
  const transport = createAcmeTransport({ directoryUrl, caPem, userAgent, now });
  const journal = await openOrderJournal(join(stateDir, "acme-orders"), now());
  const challenges = await openChallengeJournal(join(stateDir, "acme-challenges"));
  const inTurn = createDnsTurn(join(stateDir, "acme-dns.lock"));
  const writer = createChallengeWriter({ dns, journal: challenges, inTurn });
  const names = options.names && createNameKeeper({
    ...options.names,
    dns,
    inTurn,
    ...(onNote && { onNote }),
  });
  /** The last order of each set of names: the next one waits for it. */
  const last = new Map<string, Promise<unknown>>();

  let closed = false;

  /** Resolves to whether nothing of earlier runs is left. */
  let recovering = recover();

  async function recover(): Promise<boolean> {
    try {
      const count = await writer.recover();
      if (count > 0) onNote?.("stale challenge values removed", { count });
      return true;
    } catch (why) {
      onNote?.("stale challenge values not removed yet", { why });
      return false;
    }
  }

  function issue(order: CertificateOrder): Promise<string> {
    const key = [...order.names].sort().join(" ");
    const turn = (last.get(key) ?? Promise.resolve()).then(() => attempt(order));
    const settled = turn.catch(() => {}).then(() => {
      if (last.get(key) === settled) last.delete(key);
    });
    last.set(key, settled);
    return turn;
  }

  async function attempt(order: CertificateOrder): Promise<string> {
    order.signal?.throwIfAborted();
    if (!await recovering) recovering = recover();
    try {
      return await attemptOnce(order);
    } catch (error) {
      const lost = await dropLostAccount(error, { stateDir, transport, directoryUrl });
      if (lost === undefined) throw classify(error);
      order.onStep?.(
        `account ${lost}, registering anew`,
        lost === "unknown"
          ? {}
          : { hint: "CAA records that name the old one need glossond cert caa --apply" },
      );
    }
    return await attemptOnce(order).catch((error) => {
      throw classify(error);
    });
  }

  async function attemptOnce(order: CertificateOrder): Promise<string> {
    const { onStep } = order;
    const session = await openAccountSession({
      stateDir,
      transport,
      directoryUrl,
      email,
      onStep,
    });
    await session.directory();
    checkClock();
    return await runOrder(order, {
      session,
      directoryUrl,
      provider: dns,
      writer,
      names,
      journal,
      dnsServers,
      queries,
      propagationTimeoutMs,
      profile,
      now,
    });
  }

  function checkClock(): void {
    const ahead = transport.clockAheadMs();
    if (ahead === undefined || Math.abs(ahead) <= CLOCK_LIMIT_MS) return;
    const minutes = Math.round(Math.abs(ahead) / 60_000);
    throw new Error(
      `This machine's clock is ${minutes} minutes ${
        ahead > 0 ? "behind" : "ahead of"
      } the ACME server's: set it (e.g. \`timedatectl set-ntp true\`)`,
    );
  }

  /** Tells callers whether, and when, another try makes sense. */
  function classify(error: unknown): unknown {
    if (!(error instanceof AcmeProblem)) return error;
    const { type, message, retryAt } = error;
    if (FINAL_PROBLEMS.includes(type)) return new OrderRefusedError(message, { cause: error });
    if (type === "rateLimited") {
      const until = retryAt ?? now() + RATE_LIMIT_PAUSE_MS;
      return new OrderPostponedError(
        `${message}; it is asked again at ${new Date(until).toISOString()}`,
        until,
        { cause: error },
      );
    }
    if (retryAt !== undefined) return new OrderPostponedError(message, retryAt, { cause: error });
    return error;
  }

  async function renewalWindow(certificate: string): Promise<RenewalWindow | undefined> {
    const { data } = await transport.request(directoryUrl, "get");
    const { renewalInfo } = data as { renewalInfo?: string };
    if (renewalInfo === undefined) return undefined;
    return await fetchRenewalWindow(transport, renewalInfo, certificate, now());
  }

  return {
    kind: "acme",
    source: directoryUrl,
    recovered: recovering.then(() => {}),
    names,
    issue,
    renewalWindow,
    async close(): Promise<void> {
      if (closed) return;
      closed = true;
      await settleWithin(CLOSE_TIMEOUT_MS, [recovering, ...last.values()]);
      await names?.stop();
      await challenges.close();
      transport.close();
    },
  };
}
