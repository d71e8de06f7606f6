import type { Log } from "../../lib/log.ts";
import { hostsBelow, withAlso } from "./also.ts";
import { Api } from "./api.ts";
import type { RunOptions } from "./run_arguments.ts";
import {
  orderOwnCertificate,
  type OwnCertificateOptions,
  requireOrderer,
  SERVER_ORDERS,
  standIn,
} from "./caa/own_certificate.ts";
import { obtainCertificate, type ObtainOptions } from "./certificate_request.ts";
import { keepDomains } from "./domain/keep_domains.ts";
import { KeptDomains } from "./domain/kept.ts";
import type { FinalWord } from "./exit_codes.ts";
import { checkIdentity, type Identity } from "./identity.ts";
import { Health } from "./health.ts";
import { firstCertificate, keepCertificate, type KeepOptions } from "./keep_certificate.ts";
import { lockState } from "./lock.ts";
import { networkMemory } from "./networks.ts";
import type { Account } from "./records.ts";
import { openRelayHttp } from "./relay_http.ts";
import type { State } from "./state.ts";
import type { OnlineOptions } from "./online.ts";
import { stayOnline } from "./stay_online.ts";
import { openVisitorEnd } from "./visitor_end.ts";
import { CtService } from "./watch/ct.ts";
import { watchCt } from "./watch/ct_watch.ts";
import { OwnPage } from "./watch/own_page.ts";
import { Witness } from "./watch/witness.ts";
import { PROTOCOLS } from "./front/tls_end.ts";
import type { Sleep } from "../../lib/net/pause.ts";

/** How long open answers may take to finish when leaving, milliseconds. */
const LEAVING_MS = 5_000;

/** The world around {@linkcode run}. */
export interface RunWorld {
  state: State;
  log: Log;
  /** Leaves in an orderly way when aborted. */
  signal: AbortSignal;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Clock in milliseconds that never jumps. */
  elapsed: () => number;
  sleep: Sleep;
  /** Uniform in [0, 1). */
  random: () => number;
  /** Finds the addresses that data connections may be made to. @default by the system's resolver */
  addresses?: OnlineOptions["addresses"];
}

/**
 * Goes online and stays there until the signal is aborted.
 *
 * @returns undefined after an abort, else why it ended by itself.
 * @throws {Error} with a message for the person, when it cannot begin.
 */
export async function run(options: RunOptions, world: RunWorld): Promise<FinalWord | undefined> {
  const { state, log, signal, now } = world;
  // Without one there is nothing to lock; until it is locked, a setup or rename may change it.
  await state.neededAccount();
  using _lock = await lockState(state, "run");
  const kept = await state.neededAccount();
  requireOrderer(kept, options);
  const account = await withAlso(kept, options.also, state);
  const { hostname, token, keyType, certificateBy } = account;
  const hostsHere = [hostname, ...hostsBelow(hostname, account.also)];
  const relay = new URL(account.relay);
  const ca = await state.ca();
  const http = openRelayHttp(relay, ca);
  const over = new AbortController();
  const leaving = AbortSignal.any([signal, over.signal]);
  const api = new Api({ relay, http, token, signal: leaving, now });
  try {
    // Of one that was killed: from now on it would be taken for this one's.
    await state.saveRunning(undefined);
    const hosts = new Set(hostsHere);
    const end = await openVisitorEnd(options, { hostname, hosts, state, log });
    const front = new Witness(end, () => ownPage.give({}));
    const health = new Health({ ...world, transport: options.transport });
    const ownPage = new OwnPage({
      ...{ ...world, relay, http, ca, health, api, witness: front, signal: leaving },
      resolvers: options.watchResolvers,
      ...(options.tlsUpstream === undefined && { alpn: PROTOCOLS[0] }),
    });
    const keeping = {
      ...{ ...world, kept: new KeptDomains(state), ends: end.domains, hostname, keyType },
      ...{ signal: leaving, isOnline: () => health.session !== undefined },
    };
    const keep: KeepOptions = {
      ...{ ...keeping, hosts: hostsHere },
      obtain: obtainer({ ...keeping, api, hosts: hostsHere }, log),
    };
    const saved = certificateBy === "server"
      ? undefined
      : await savedIdentity(state, hostname, world);
    const identity = saved ??
      await (certificateBy === undefined ? firstCertificate(keep) : standIn(hostname, now()));
    if (identity === undefined) return undefined;
    await front.use(identity);
    const renewing = certificateBy !== "server" &&
      keepCertificate(identity, (renewed) => front.use(renewed), keep);
    const watching = Promise.all([
      mayWatch(account, options, log) ? ownPage.watch() : undefined,
      options.watchCt && watchCt({
        ...{ ...world, hostname, api, signal: leaving },
        service: new CtService(options.watchCt, leaving),
      }),
    ]);
    const keepingDomains = end.domains &&
      keepDomains({ ...keeping, api, ends: end.domains, hosts });
    const why = await stayOnline({
      ...{ ...world, health, relay, hostname, token, http, api, front },
      transport: options.transport,
      networks: networkMemory(state, log),
      pool: options.pool,
      maxVisitors: options.maxVisitors,
      onOnline: (page) => {
        log.info("Online", { url: page });
        ownPage.give({ page });
      },
    });
    over.abort();
    await watching;
    await health.end();
    const visitors = front.connections;
    if (visitors > 0) log.info("Leaving, letting open answers finish", { visitors });
    await front.stop(LEAVING_MS);
    await renewing;
    await keepingDomains;
    return why;
  } finally {
    over.abort();
    http.close();
  }
}

/**
 * Gets certificates by whoever orders them at the time (`glosson caa`); where need be, and the relay gives no more, for
 * fewer names.
 */
function obtainer(
  options: ObtainOptions & OwnCertificateOptions,
  log: Log,
): KeepOptions["obtain"] {
  const tell = (error: Error) => log.warn("The relay gives not all names below yours", { error });
  return async (had) => {
    const { certificateBy } = await options.state.neededAccount();
    if (certificateBy === "own") return await orderOwnCertificate(options);
    if (certificateBy === "server") throw new Error(SERVER_ORDERS);
    return await obtainCertificate({ ...options, ...(had && { orFewer: { had, tell } }) });
  };
}

/** Whether to look at the own page from outside: where it is, and who resolves names, is not known beforehand. */
function mayWatch({ certificateBy }: Account, { watch }: RunOptions, log: Log): boolean {
  if (!watch) return false;
  if (certificateBy === "server") {
    log.info("The own page is not watched from outside: the TLS server's key is not known here");
    return false;
  }
  if (Deno.permissions.querySync({ name: "net" }).state === "granted") return true;
  log.info("The own page is not watched from outside: that takes --allow-net for all hosts");
  return false;
}

/** The saved key and certificate, if they can be used; being due for renewal is no hindrance. */
async function savedIdentity(
  state: State,
  hostname: string,
  { now, log }: RunWorld,
): Promise<Identity | undefined> {
  const saved = await state.identity();
  if (saved === undefined) return undefined;
  try {
    return checkIdentity(saved, hostname, now());
  } catch (error) {
    log.warn("The saved certificate cannot be used, asking for another", { error });
    return undefined;
  }
}
