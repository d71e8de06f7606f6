import { Buffer } from "node:buffer";
import type { AcmeAuthorization, AcmeChallenge, AcmeOrder, AcmeSession } from "./session.ts";
import { AcmeProblem, parseRetryAfter, problemBody } from "./transport.ts";
import { renewalId } from "./renewal_info.ts";
import type { CertificateOrder } from "../certificate/authority.ts";
import type { ChallengePlace } from "../dns/challenge_place.ts";
import type { ChallengeWriter } from "../dns/challenge_writer.ts";
import type { NameKeeper } from "../dns/name_keeper.ts";
import type { DnsProvider } from "../dns/provider.ts";
import type { OrderJournal } from "./order_journal.ts";
import { pause } from "../net/pause.ts";
import { authoritativeServers, type DnsQueries, waitForTxt } from "../dns/propagation.ts";

/** What challenges stand below a name with (RFC 8555 section 8.4). */
const CHALLENGE = "_acme-challenge.";

/** How long the server may take to validate a name, or to sign. */
const POLL_TIMEOUT_MS = 180_000;

/** First and longest pause between two looks; `Retry-After` is heeded up to the latter. */
const POLL_START_MS = 100;
const POLL_CAP_MS = 5_000;

/** What an order needs around it. */
export interface OrderParts {
  session: AcmeSession;
  directoryUrl: string;
  /** Where the writer writes to. */
  provider: Pick<DnsProvider, "label" | "serialMend">;
  writer: ChallengeWriter;
  /** Keeps in the DNS what a challenge would take out of it. */
  names?: Pick<NameKeeper, "keep" | "settle">;
  journal: OrderJournal;
  /** `ip:port` of the servers asked for challenges; empty for the zone's own. */
  dnsServers: readonly string[];
  queries?: DnsQueries;
  /** How long the servers may take to answer with a challenge. */
  propagationTimeoutMs?: number;
  /** Profile to order. */
  profile?: string;
  /** Clock in milliseconds since the epoch. */
  now: () => number;
}

/**
 * Takes one order from the request to the chain (RFC 8555, section 7.4), one step after another.
 *
 * Whatever happens the challenge values are taken out of the DNS again; what cannot be taken out
 * now, the writer takes out later.
 */
export async function runOrder(order: CertificateOrder, parts: OrderParts): Promise<string> {
  const { csr, signal, onStep } = order;
  const { session, journal, now } = parts;
  const { url, state: placed } = await openOrPlace(order, parts);
  let state = placed;
  if (state.status === "pending") {
    await prove(state, order, parts);
    state = await pollOrder(url, ["ready", "processing", "valid"]);
  }
  if (state.status === "ready") {
    signal?.throwIfAborted();
    const der = Buffer.from(csr.replace(/-----[^-]+-----|\s/g, ""), "base64");
    await session.post(state.finalize, { csr: der.toString("base64url") });
    onStep?.("certificate requested");
  }
  order.onSpent?.();
  if (state.status !== "valid") state = await pollOrder(url, ["valid"]);
  if (state.certificate === undefined) throw new Error("The ACME server names no certificate");
  const { data } = await session.read(state.certificate);
  onStep?.("certificate signed");
  await journal.remove(csr);
  return String(data);

  async function pollOrder(at: string, wanted: AcmeOrder["status"][]): Promise<AcmeOrder> {
    const end = await poll<AcmeOrder>(
      session,
      at,
      now,
      signal,
      ({ status }) => status === "invalid" || wanted.includes(status),
    );
    if (end.status !== "invalid") return end;
    await journal.remove(csr);
    throw orderError(end.error, order.names);
  }
}

interface Placed {
  url: string;
  state: AcmeOrder;
}

/** Finds the order that an earlier run placed for this request, or places one. */
async function openOrPlace(order: CertificateOrder, parts: OrderParts): Promise<Placed> {
  const { csr, names, onStep } = order;
  const { session, directoryUrl, journal, now } = parts;
  const open = await journal.get(csr);
  if (open?.directoryUrl === directoryUrl) {
    const found = await session.read(open.orderUrl).catch((error) => {
      if (error instanceof AcmeProblem && error.status < 500) return undefined;
      throw error;
    });
    const state = found?.data as AcmeOrder | undefined;
    if (state !== undefined && state.status !== "invalid") {
      onStep?.("order found again", { order: open.orderUrl, status: state.status });
      return { url: open.orderUrl, state };
    }
    await journal.remove(csr);
  }
  const { headers, data } = await place(order, parts);
  const url = headers.location;
  if (url === undefined) throw new Error("The ACME server named no order URL");
  await journal.put(csr, { directoryUrl, orderUrl: url, placedAt: now() });
  onStep?.("order placed", { names: names.join(" "), order: url });
  return { url, state: data as AcmeOrder };
}

async function place(
  { names, replaces, onStep }: CertificateOrder,
  { session, profile }: OrderParts,
): ReturnType<AcmeSession["post"]> {
  const { newOrder, renewalInfo, meta } = await session.directory();
  const payload: Record<string, unknown> = {
    identifiers: names.map((value) => ({ type: "dns", value })),
  };
  if (profile !== undefined) {
    const offered = Object.keys(meta?.profiles ?? {});
    if (!offered.includes(profile)) {
      throw new Error(
        `The ACME server has no profile ${profile}: set GLOSSOND_ACME_PROFILE to ${
          offered.join(" or ") || "nothing, it has none"
        }`,
      );
    }
    payload.profile = profile;
  }
  const replaced = renewalInfo !== undefined && replaces !== undefined
    ? renewalId(replaces)
    : undefined;
  if (replaced === undefined) return await session.post(newOrder, payload);
  try {
    return await session.post(newOrder, { ...payload, replaces: replaced });
  } catch (error) {
    // Replaced already, or another server's: a plain order still does (lego #2475 looped here).
    if (!(error instanceof AcmeProblem) || error.status === 429 || error.status >= 500) throw error;
    onStep?.("order placed without naming the certificate it replaces", { why: error.message });
    return await session.post(newOrder, payload);
  }
}

/** Proves every name of the order that the server does not hold for proven. */
async function prove(state: AcmeOrder, order: CertificateOrder, parts: OrderParts): Promise<void> {
  const { signal, onStep } = order;
  const { session, writer, names, now } = parts;
  const open: { url: string; name: string; challenge: AcmeChallenge }[] = [];
  /** BASE and `*.BASE` are proven at the same name, with a value each. */
  const values = new Map<string, string[]>();
  for (const url of state.authorizations) {
    const { data } = await session.read(url);
    const { status, identifier, wildcard, challenges } = data as AcmeAuthorization;
    const name = wildcard ? `*.${identifier.value}` : identifier.value;
    if (status === "valid") continue;
    const challenge = challenges.find(({ type }) => type === "dns-01");
    if (challenge === undefined) {
      throw new Error(`The ACME server offers no dns-01 challenge for ${name}: choose another`);
    }
    const record = CHALLENGE + identifier.value;
    const value = await session.challengeValue(challenge);
    values.set(record, [...(values.get(record) ?? []), value]);
    open.push({ url, name, challenge });
  }
  const written: string[] = [];
  try {
    for (const [record, wanted] of values) {
      signal?.throwIfAborted();
      await names?.keep(nameOf(record));
      // Before the write: one that fails half-way may have left something, too.
      written.push(record);
      const place = await writer.add(record, wanted);
      onStep?.("challenge written", {
        record,
        values: wanted.length,
        // Where a CNAME record leads.
        ...(place.name !== record && { at: place.name }),
      });
      await waitUntilVisible(place, wanted, order, parts);
    }
    for (const { challenge } of open) {
      if (challenge.status === "pending") await session.post(challenge.url, {});
    }
    for (const { url, name } of open) {
      const end = await poll<AcmeAuthorization>(
        session,
        url,
        now,
        signal,
        ({ status }) => status !== "pending",
      );
      if (end.status !== "valid") throw challengeError(end, name);
    }
    onStep?.("names proven", { names: order.names.join(" ") });
  } finally {
    for (const record of written) {
      await writer.remove(record, values.get(record) ?? []).then(
        () => onStep?.("challenge removed", { record }),
        (error) => onStep?.("challenge not removed yet", { record, why: error }),
      );
      // It may have been released meanwhile.
      await names?.settle(nameOf(record));
    }
  }
}

/** The name that a challenge's record proves. */
function nameOf(record: string): string {
  return record.slice(CHALLENGE.length);
}

async function waitUntilVisible(
  { name: record, zone }: ChallengePlace,
  wanted: readonly string[],
  { signal, onStep }: CertificateOrder,
  { provider, dnsServers, queries, propagationTimeoutMs: timeoutMs }: OrderParts,
): Promise<void> {
  const servers = await authoritativeServers(zone.name, dnsServers, queries);
  onStep?.("waiting for the name servers", {
    servers: servers.map(({ label }) => label).join(" "),
  });
  await waitForTxt(record, wanted, {
    zone: zone.name,
    serial: zone.serial,
    provider,
    servers,
    queries,
    timeoutMs,
    signal,
  });
  onStep?.("challenge visible", { record });
}

async function poll<T>(
  session: AcmeSession,
  url: string,
  now: () => number,
  signal: AbortSignal | undefined,
  done: (data: T) => boolean,
): Promise<T> {
  const deadline = performance.now() + POLL_TIMEOUT_MS;
  for (let step = POLL_START_MS;; step = Math.min(POLL_CAP_MS, step * 1.5)) {
    signal?.throwIfAborted();
    const { data, headers } = await session.read(url);
    if (done(data as T)) return data as T;
    const asked = (parseRetryAfter(headers["retry-after"], now()) ?? 0) - now();
    const wait = Math.min(POLL_CAP_MS, Math.max(step, asked));
    if (performance.now() + wait > deadline) {
      throw new Error(
        `The ACME server has not decided after ${
          POLL_TIMEOUT_MS / 1000
        } s: it is slow; the order goes on at the next try`,
      );
    }
    await pause(wait, signal);
  }
}

function challengeError(authorization: AcmeAuthorization, name: string): Error {
  const failed = authorization.challenges.find(({ error }) => error !== undefined);
  const { type, detail = `its state is ${authorization.status}` } = problemBody(failed?.error);
  const mends: Record<string, string> = {
    dns: "check that the zone's name servers can be reached from the Internet",
    caa: "allow this authority with a CAA record (`glossond cert caa`)",
    unauthorized: "check that the zone's delegation leads to the servers that were asked",
  };
  const mend = mends[type ?? ""] ?? "look at the authority's status page";
  return new Error(`The ACME server could not prove ${name}: ${detail}; ${mend}`);
}

function orderError(error: unknown, names: readonly string[]): Error {
  const { type, detail = "it gives no reason" } = problemBody(error);
  return new AcmeProblem(
    type ?? "",
    400,
    `The ACME server gave up the order for ${names.join(", ")}: ${detail}`,
  );
}
