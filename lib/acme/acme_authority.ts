/**
 * Certificates from an ACME server (RFC 8555), names proven in the DNS. Imports the ground floor, `dns`,
 * `pki` and what an authority is.
 *
 * @module
 */
import { join } from "node:path";
import type { Authority, CertificateOrder, RenewalWindow } from "../certificate/authority.ts";
import type { HostPort } from "../config/values.ts";
import { openChallengeJournal } from "../dns/challenge_journal.ts";
import { createChallengeWriter } from "../dns/challenge_writer.ts";
import { nameCaaReader } from "../dns/name_caa.ts";
import { NameKeeper, type NameKeeperOptions } from "../dns/name_keeper.ts";
import type { DnsProvider } from "../dns/provider.ts";
import type { DnsQueries } from "../dns/name_servers.ts";
import { createDnsTurn, writingInTurn } from "../dns/turn.ts";
import { openStateFolder } from "../file/state_folder.ts";
import { settleWithin } from "../net/pause.ts";
import type { CaaStore } from "../store/caa.ts";
import type { SharedTurn } from "../store/shared_turn.ts";
import { type AccountOptions, dropLostAccount } from "./account.ts";
import { classify } from "./classify.ts";
import { issuerReader } from "./issuer.ts";
import type { OrderParts } from "./order.ts";
import { readDirectory } from "./objects.ts";
import { openOrderJournal } from "./order_journal.ts";
import { fetchRenewalWindow } from "./renewal_info.ts";
import type { ExternalAccount } from "./session.ts";
import { LIMIT_MS, tryOrder, within } from "./try_order.ts";
import { createAcmeTransport } from "./transport.ts";

/** How long clean-up may hold the end up; what is left then is recovered at the next start. */
const CLOSE_TIMEOUT_MS = 10_000;

/** Options for {@linkcode openAcmeAuthority}. */
export interface AcmeAuthorityOptions {
  stateDir: string;
  directoryUrl: string;
  /** PEM of a private ACME server's root. */
  caPem?: string;
  /** Contact of the account. */
  email?: string;
  /** What a new account is bound to. */
  externalAccount?: ExternalAccount;
  /** Certificate profile to order. */
  profile?: string;
  /** Holds the zones of the names to prove. */
  dns: DnsProvider;
  /** Keeps other relays from writing to them meanwhile; closed with the authority. */
  turn?: SharedTurn;
  /** The servers asked for challenges; none for the zone's own. @default {[]} */
  dnsServers?: readonly HostPort[];
  /** How long they may take to answer with a challenge. @default {180 s} */
  propagationTimeoutMs?: number;
  /** How long one try of an order may take, milliseconds. @default {30 min} */
  orderLimitMs?: number;
  /** Keeps names in the DNS that challenges are put below. @default none is kept */
  names?: Omit<NameKeeperOptions, "dns" | "inTurn" | "clear" | "onNote" | "caa">;
  /** Who alone may order for users' names, as they asked. @default nobody asked */
  caa?: {
    store: CaaStore;
    /** Tells relays of the store apart. */
    relay: string;
    /** The server's name in CAA records, for one that does not tell it. */
    identity?: string | undefined;
  };
  /** Names this program to the ACME server. @default {"glossond"} */
  userAgent?: string;
  /** Told of what nobody waits for: clean-up at start. */
  onNote?: (note: string, fields?: Record<string, unknown>) => void;
  /** Clock in milliseconds since the epoch. @default {Date.now} */
  now?: () => number;
  /** DNS queries; over the network by default. */
  queries?: DnsQueries;
}

/**
 * Opens the production authority: any RFC 8555 server, names proven by dns-01. Nothing is asked of it
 * or of `dns` before the first order, but for the clean-up of challenge values that a crash has left.
 */
export async function openAcmeAuthority(options: AcmeAuthorityOptions): Promise<AcmeAuthority> {
  const { stateDir, directoryUrl, caPem, turn, dnsServers = [], queries } = options;
  const { propagationTimeoutMs, userAgent = "glossond", onNote, now = Date.now } = options;
  const dns = turn === undefined ? options.dns : writingInTurn(options.dns, turn);
  openStateFolder(stateDir);
  const transport = createAcmeTransport({ directoryUrl, caPem, userAgent, now });
  const journal = await openOrderJournal(join(stateDir, "acme-orders"), now());
  const challenges = await openChallengeJournal(join(stateDir, "acme-challenges"));
  const inTurn = createDnsTurn(join(stateDir, "acme-dns.lock"), turn);
  const writer = createChallengeWriter({ dns, journal: challenges, inTurn });
  const issuer = issuerReader({
    ...{ stateDir, directoryUrl, transport },
    identity: options.caa?.identity,
  });
  const names = options.names && new NameKeeper({
    ...{ ...options.names, dns, inTurn },
    clear: () => authority.clear(),
    ...(options.caa && {
      caa: nameCaaReader({
        ...{ ...options.caa, baseDomain: options.names.baseDomain },
        ...{ issuer, onNote },
      }),
    }),
    ...(onNote && { onNote }),
  });
  const authority: AcmeAuthority = new AcmeAuthority({
    account: {
      ...{ stateDir, directoryUrl, transport },
      ...{ email: options.email, externalAccount: options.externalAccount },
    },
    order: {
      ...{ directoryUrl, writer, journal, dnsServers, queries, propagationTimeoutMs, now },
      names,
      provider: dns,
      profile: options.profile,
    },
    ...{ names, onNote, limitMs: options.orderLimitMs },
    async close() {
      await challenges.close();
      await turn?.close();
    },
  });
  return authority;
}

/** What an {@linkcode AcmeAuthority} is made of. */
interface AcmeAuthorityParts {
  /** Whose account; its transport becomes the authority's, who closes it. */
  account: Omit<AccountOptions, "onStep">;
  order: Omit<OrderParts, "session">;
  names: NameKeeper | undefined;
  onNote: AcmeAuthorityOptions["onNote"];
  limitMs: number | undefined;
  /** Closes the other parts. */
  close: () => Promise<void>;
}

/** An authority that holds connections and files open. */
export class AcmeAuthority implements Authority {
  readonly kind = "acme";
  readonly source: string;
  /** Resolves when what earlier runs left in the DNS is removed, or could not be for now. */
  readonly recovered: Promise<void>;
  /** What `names` asked for; its `start` is the caller's to call. */
  readonly names: NameKeeper | undefined;
  readonly #parts: AcmeAuthorityParts;
  /** The last order of each set of names: the next one waits for it. */
  readonly #last = new Map<string, Promise<unknown>>();
  /** Resolves to how many values were left, and are removed; to undefined when they could not be. */
  #recovering: Promise<number | undefined>;
  #failing = false;
  #closed = false;

  /** To be had by {@linkcode openAcmeAuthority}. */
  constructor(parts: AcmeAuthorityParts) {
    this.#parts = parts;
    this.source = parts.order.directoryUrl;
    this.names = parts.names;
    this.#recovering = this.#recover();
    this.recovered = this.#recovering.then(() => {});
  }

  /** Orders of the same names come one after another. */
  issue(order: CertificateOrder): Promise<string> {
    const key = [...order.names].sort().join(" ");
    const turn = (this.#last.get(key) ?? Promise.resolve()).then(() => this.#attempt(order));
    const settled = turn.catch(() => {}).then(() => {
      if (this.#last.get(key) === settled) this.#last.delete(key);
    });
    this.#last.set(key, settled);
    return turn;
  }

  async forget(csr: string): Promise<void> {
    const { order: { journal }, onNote } = this.#parts;
    await journal.remove(csr).catch((why) => onNote?.("order not forgotten", { why }));
  }

  async renewalWindow(certificate: string): Promise<RenewalWindow | undefined> {
    const { account: { transport }, order: { now } } = this.#parts;
    const { renewalInfo } = readDirectory((await transport.request(this.source, "get")).data);
    if (renewalInfo === undefined) return undefined;
    return await fetchRenewalWindow(transport, renewalInfo, certificate, now());
  }

  /** Ends it, once orders under way have ended: the caller aborts them before. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await settleWithin(CLOSE_TIMEOUT_MS, [this.#recovering, ...this.#last.values()]);
    await this.names?.stop();
    await this.#parts.close();
    this.#parts.account.transport.close();
  }

  /** Removes challenge values that could not be removed before; whether there were any. Never rejects. */
  async clear(): Promise<boolean> {
    await this.#recovering;
    if (this.#closed) return false;
    this.#recovering = this.#recover();
    return (await this.#recovering ?? 0) > 0;
  }

  async #recover(): Promise<number | undefined> {
    const { order: { writer }, onNote } = this.#parts;
    try {
      const count = await writer.recover();
      if (count > 0) onNote?.("stale challenge values removed", { count });
      this.#failing = false;
      return count;
    } catch (why) {
      if (!this.#failing) onNote?.("stale challenge values not removed yet", { why });
      this.#failing = true;
    }
  }

  /** Orders once, and once more where the account turns out to be lost. */
  async #attempt(order: CertificateOrder): Promise<string> {
    const { account, limitMs = LIMIT_MS, order: { now } } = this.#parts;
    order.signal?.throwIfAborted();
    if (await this.#recovering === undefined) this.#recovering = this.#recover();
    try {
      return await tryOrder(order, this.#parts);
    } catch (error) {
      const lost = await dropLostAccount(error, {
        ...account,
        transport: within(account.transport, ending(order, limitMs)),
      });
      order.signal?.throwIfAborted();
      if (lost === undefined) throw classify(error, now());
      order.onStep?.(
        `account ${lost}, registering anew`,
        lost === "unknown"
          ? {}
          : { hint: "CAA records that name the old one need glossond cert caa --apply" },
      );
    }
    return await tryOrder(order, this.#parts).catch((error) => {
      throw classify(error, now());
    });
  }
}

/** Ends with the order, and once `limitMs` are over. */
function ending({ signal }: CertificateOrder, limitMs: number): AbortSignal {
  const limit = AbortSignal.timeout(limitMs);
  return signal === undefined ? limit : AbortSignal.any([signal, limit]);
}
