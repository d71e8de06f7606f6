import type { CertificateOrder } from "../certificate/authority.ts";
import type { HostPort } from "../config/values.ts";
import { CHALLENGE, type ChallengePlace } from "../dns/challenge_place.ts";
import type { ChallengeWriter } from "../dns/challenge_writer.ts";
import type { DnsProvider } from "../dns/provider.ts";
import { authoritativeServers, type DnsQueries } from "../dns/name_servers.ts";
import { waitForTxt } from "../dns/propagation.ts";
import { poll } from "./poll.ts";
import {
  type AcmeAuthorization,
  type AcmeChallenge,
  type AcmeOrder,
  readAuthorization,
} from "./objects.ts";
import type { AcmeSession } from "./session.ts";
import { CAA_FIX, problemBody } from "./problem.ts";

/** What it takes to prove names by dns-01. */
export interface ProofParts {
  session: AcmeSession;
  /** Where the writer writes to. */
  provider: Pick<DnsProvider, "label" | "serialFix" | "read">;
  writer: ChallengeWriter;
  /** The servers asked for challenges; none for the zone's own. */
  dnsServers: readonly HostPort[];
  queries?: DnsQueries;
  /** How long the servers may take to answer with a challenge. */
  propagationTimeoutMs?: number;
  /** Clock in milliseconds since the epoch. */
  now: () => number;
}

/** A name that the server does not hold for proven. */
interface Unproven {
  /** Its authorization. */
  url: string;
  name: string;
  /** The name that it is proven at, in the DNS. */
  record: string;
  challenge: AcmeChallenge;
  /** What has to stand there. */
  value: string;
}

/**
 * Proves every name of an order that the server does not hold for proven.
 *
 * Whatever happens the challenge values are taken out of the DNS again; what cannot be taken out
 * now, the writer takes out later.
 *
 * @throws {Error} when one cannot be proven; the message names it and the fix.
 */
export async function proveNames(
  { authorizations }: AcmeOrder,
  order: CertificateOrder,
  parts: ProofParts,
): Promise<void> {
  const { signal, onStep } = order;
  const { session, writer, now } = parts;
  const open = await unproven(authorizations, order, session);
  /** BASE and `*.BASE` are proven at the same name, with a value each. */
  const values = Map.groupBy(open, ({ record }) => record);
  const written = new Map<string, string[]>();
  try {
    for (const [record, unproven] of values) {
      signal?.throwIfAborted();
      const wanted = unproven.map(({ value }) => value);
      // Before the write: one that fails half-way may have left something, too.
      written.set(record, wanted);
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
      const end = await poll({
        session,
        url,
        as: readAuthorization,
        done: ({ status }) => status !== "pending",
        signal,
        now,
      });
      if (end.status !== "valid") throw challengeError(end, name);
    }
    onStep?.("names proven", { names: order.names.join(" ") });
  } finally {
    for (const [record, values] of written) {
      await writer.remove(record, values).then(
        () => onStep?.("challenge removed", { record }),
        (error) => onStep?.("challenge not removed yet", { record, why: error }),
      );
    }
  }
}

async function unproven(
  urls: readonly string[],
  { names, signal }: CertificateOrder,
  session: AcmeSession,
): Promise<Unproven[]> {
  const hosts = names.map((name) => name.replace(/^\*\./, ""));
  const found: Unproven[] = [];
  for (const url of urls) {
    signal?.throwIfAborted();
    const { data } = await session.read(url);
    const { status, identifier, wildcard, challenges } = readAuthorization(data);
    if (status === "valid") continue;
    const name = wildcard ? `*.${identifier.value}` : identifier.value;
    // What it names is written to the DNS, whichever zone that is in.
    if (!hosts.includes(identifier.value)) {
      throw new Error("The ACME server wants a name proven that was not ordered: choose another");
    }
    const challenge = challenges.find(({ type }) => type === "dns-01");
    if (challenge?.token === undefined) {
      throw new Error(`The ACME server offers no dns-01 challenge for ${name}: choose another`);
    }
    const value = await session.challengeValue(challenge);
    found.push({ url, name, record: CHALLENGE + identifier.value, challenge, value });
  }
  return found;
}

async function waitUntilVisible(
  { name: record, zone }: ChallengePlace,
  wanted: readonly string[],
  { signal, onStep }: CertificateOrder,
  { provider, dnsServers, queries, propagationTimeoutMs: timeoutMs }: ProofParts,
): Promise<void> {
  const servers = await authoritativeServers(provider, zone, dnsServers, queries);
  onStep?.("waiting for the name servers", {
    servers: servers.map(({ label }) => label).join(" "),
  });
  const silent = await waitForTxt(record, wanted, {
    zone: zone.name,
    serial: zone.serial,
    provider,
    servers,
    queries,
    timeoutMs,
    signal,
  });
  onStep?.("challenge visible", {
    record,
    ...(silent.length > 0 && { butNotAnsweredBy: silent.map(({ label }) => label).join(" ") }),
  });
}

/** An authorization has ended otherwise than with a proof, and its order with it. */
export class NotProvenError extends Error {
  override name = "NotProvenError";
}

function challengeError(authorization: AcmeAuthorization, name: string): Error {
  const failed = authorization.challenges.find(({ error }) => error !== undefined);
  const { type, detail = `its state is ${authorization.status}` } = problemBody(failed?.error);
  const fixes = new Map([
    ["dns", "check that the zone's name servers can be reached from the Internet"],
    ["caa", CAA_FIX],
    ["unauthorized", "check that the zone's delegation leads to the servers that were asked"],
  ]);
  const fix = fixes.get(type ?? "") ??
    (failed === undefined ? "the next try orders anew" : "look at the authority's status page");
  return new NotProvenError(`The ACME server could not prove ${name}: ${detail}; ${fix}`);
}
