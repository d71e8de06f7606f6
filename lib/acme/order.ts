import type { CertificateOrder } from "../certificate/authority.ts";
import type { NameKeeper } from "../dns/name_keeper.ts";
import { finalize } from "./finalize.ts";
import type { OrderJournal } from "./order_journal.ts";
import { poll } from "./poll.ts";
import { NotProvenError, type ProofParts, proveNames } from "./proof.ts";
import { renewalId } from "./renewal_info.ts";
import { type AcmeOrder, readOrder } from "./objects.ts";
import type { AcmeSession } from "./session.ts";
import { AcmeProblem, problemBody } from "./problem.ts";

/** Longest chain taken, characters of PEM: each visitor is sent it, and some programs take no more than 100 KB. */
const MAX_CHAIN = 64 * 1024;

/** Statuses of an answer that there is nothing, or nothing any more. */
const GONE = [404, 410];

/** What an order needs around it. */
export interface OrderParts extends ProofParts {
  directoryUrl: string;
  journal: OrderJournal;
  /** Profile to order. */
  profile?: string;
  /** Keeps in the DNS what a challenge would take out of it, and names that no wildcard answers for. */
  names?: Pick<NameKeeper, "keep">;
}

/**
 * Takes one order from the request to the chain (RFC 8555, section 7.4), its names kept in the DNS: whether they
 * can go from it afterwards is for the caller to see to, who knows what they are still needed for.
 */
export async function runOrder(order: CertificateOrder, parts: OrderParts): Promise<string> {
  const { csr, signal, onStep } = order;
  const { session, journal, names, now } = parts;
  // Those, too, that the server holds for proven.
  const hosts = new Set(order.names.map((name) => name.replace(/^\*\./, "")));
  await names?.keep([...hosts], signal);
  const { url, state: placed, isKept } = await openOrPlace(order, parts);
  let state = placed;
  if (state.status === "pending") {
    await proveNames(state, order, parts).catch(async (error) => {
      // Not every server ends the order, which then would be found again for ever.
      if (error instanceof NotProvenError) await journal.remove(csr);
      throw error;
    });
    state = await pollOrder(["ready", "processing", "valid"]);
  }
  if (state.status === "ready") {
    signal?.throwIfAborted();
    await finalize(session, state.finalize, csr);
    onStep?.("certificate requested");
  }
  order.onSpent?.();
  if (state.status !== "valid") state = await pollOrder(["valid"]);
  if (state.certificate === undefined) throw new Error("The ACME server names no certificate");
  const { data } = await session.read(state.certificate).catch(async (error) => {
    // One just signed may come late; one that an earlier run missed too does not come at all.
    if (isKept && error instanceof AcmeProblem && GONE.includes(error.status)) {
      await journal.remove(csr);
    }
    throw error;
  });
  onStep?.("certificate signed");
  // The order stays in the journal until the caller has stored it: another one would have another signed.
  return chainOf(data);

  async function pollOrder(wanted: AcmeOrder["status"][]): Promise<AcmeOrder> {
    const end = await poll<AcmeOrder>({
      session,
      url,
      as: readOrder,
      done: ({ status }) => status === "invalid" || wanted.includes(status),
      signal,
      now,
    });
    if (end.status !== "invalid") return end;
    await journal.remove(csr);
    throw orderError(end.error, order.names);
  }
}

interface Placed {
  url: string;
  state: AcmeOrder;
  /** An earlier run has placed it. */
  isKept: boolean;
}

/** Finds the order that an earlier run placed for this request, or places one. */
async function openOrPlace(order: CertificateOrder, parts: OrderParts): Promise<Placed> {
  const { csr, names, onStep } = order;
  const { session, directoryUrl, journal, now } = parts;
  const open = await journal.get(csr);
  if (open?.directoryUrl === directoryUrl) {
    const state = await readKept(open.orderUrl, session);
    if (state !== undefined && state.status !== "invalid") {
      onStep?.("order found again", { order: open.orderUrl, status: state.status });
      return { url: open.orderUrl, state, isKept: true };
    }
    await journal.remove(csr);
  }
  const { headers, data } = await place(order, parts);
  const [url, state] = [headers.location, readOrder(data)];
  if (url === undefined) throw new Error("The ACME server named no order URL");
  await journal.put(csr, { directoryUrl, orderUrl: url, placedAt: now() });
  onStep?.("order placed", { names: names.join(" "), order: url });
  return { url, state, isKept: false };
}

/** Undefined where the server knows it no longer: it says so, or has something else there. */
async function readKept(url: string, session: AcmeSession): Promise<AcmeOrder | undefined> {
  const found = await session.read(url).catch((error) => {
    if (error instanceof AcmeProblem && error.status < 500) return undefined;
    throw error;
  });
  try {
    return found && readOrder(found.data);
  } catch {
    return undefined;
  }
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
    ? await renewalId(replaces)
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

/** @throws {Error} when it cannot be one that is served. */
function chainOf(data: unknown): string {
  const chain = String(data);
  if (chain.length <= MAX_CHAIN) return chain;
  throw new Error(
    `The ACME server's certificate chain is longer than ${MAX_CHAIN / 1024} KiB: choose another`,
  );
}

function orderError(error: unknown, names: readonly string[]): Error {
  const { type, detail = "it gives no reason" } = problemBody(error);
  return new AcmeProblem(
    type ?? "",
    400,
    `The ACME server gave up the order for ${names.join(", ")}: ${detail}`,
  );
}
