import type { Log } from "../../../lib/log.ts";
import type { Sleep } from "../../../lib/net/pause.ts";
import type { Api } from "../api.ts";
import { DataAddresses } from "../data_address.ts";
import type { Health } from "../health.ts";
import type { RelayHttp } from "../relay_http.ts";
import { type Resolver, visitedAddresses } from "./addresses.ts";
import { type Finding, lookAtOwnPage, type PageLookOptions } from "./page_look.ts";

/** Bounds of the time between two looks that nothing gives cause for, milliseconds. */
const AT_RANDOM_MS = { from: 2 * 3_600_000, to: 6 * 3_600_000 } as const;

/** Bounds of the time from coming online, or a visit, to the look that it gives cause for. */
const AFTER_CAUSE_MS = { from: 3_000, to: 30_000 } as const;

/** Least time between two looks, milliseconds: on a busy page, one in so long. */
const APART_MS = 900_000;

/** When to look again at what was seen wrong, milliseconds: a session may just have ended. */
const AGAIN_MS = 10_000;

/** How long the relay may take to say whether this client is online, milliseconds. */
const ACCOUNT_MS = 10_000;

/** Within what time a session that was lost in silence is noticed to be, milliseconds; see `heartbeat.ts`. */
const LOST_MS = 75_000;

/** For how long a look may fail before that is told, and how often then. */
const BLIND_MS = 86_400_000;

const WHAT_TO_DO =
  "Whoever answers there can read what visitors send and show them what they like. Check from " +
  "another network with glosson verify, tell your visitors by another way, and ask the relay's operator; " +
  "stop glosson and change the passwords that were used on the page if they cannot explain it";

/** Options for {@linkcode OwnPage}. */
export interface OwnPageOptions
  extends Pick<PageLookOptions, "ca" | "witness" | "alpn" | "signal"> {
  relay: URL;
  http: Pick<RelayHttp, "isAt">;
  health: Pick<Health, "session" | "seen">;
  api: Pick<Api, "account">;
  /** Who is asked for the page's addresses besides the system. */
  resolvers: readonly Resolver[];
  /** Milliseconds since the epoch. */
  now: () => number;
  sleep: Sleep;
  /** Uniform in [0, 1). */
  random: () => number;
  log: Log;
}

/**
 * Looks at one's own page from outside, at times that nobody can foretell and soon after there was cause to, and
 * says what it sees.
 */
export class OwnPage {
  readonly #options: OwnPageOptions;
  #page: URL | undefined;
  #cause = new AbortController();
  #before: Finding["verdict"] | undefined;
  /** Since when, and until when without a word, no look has worked. */
  #blind: { since: number; tellAt: number } | undefined;

  constructor(options: OwnPageOptions) {
    this.#options = options;
  }

  /** There is cause to look soon: this computer came online with its page here, or somebody visited. */
  give(cause: { page?: string }): void {
    if (cause.page !== undefined) this.#page = URL.parse(cause.page) ?? undefined;
    // On each visit: the reason that comes with an abort costs more than the rest of it.
    if (!this.#cause.signal.aborted) this.#cause.abort();
  }

  /** Looks until the signal is aborted. Never rejects. */
  async watch(): Promise<void> {
    const { signal, sleep } = this.#options;
    while (!signal.aborted) {
      await sleep(this.#within(AT_RANDOM_MS), AbortSignal.any([signal, this.#cause.signal]));
      if (this.#cause.signal.aborted) await sleep(this.#within(AFTER_CAUSE_MS), signal);
      this.#cause = new AbortController();
      if (await this.#look()) await sleep(APART_MS, signal);
    }
  }

  /** Looks if there is something to look at; whether there was. */
  async #look(): Promise<boolean> {
    const { health, sleep, signal } = this.#options;
    const page = this.#page;
    const { session } = health;
    if (page === undefined || session === undefined || signal.aborted) return false;
    // Without a session it is right that the relay answers.
    const isOver = (): boolean => signal.aborted || health.session !== session;
    let finding = await this.#lookOnce(page);
    if (finding.verdict === "other") {
      await sleep(AGAIN_MS, signal);
      if (!isOver()) finding = await this.#lookOnce(page);
    }
    if (finding.verdict === "other" && !isOver() && !await this.#isSeenOnline()) {
      await sleep(LOST_MS, signal);
    }
    if (isOver()) {
      // Nothing is proven by it, but a relay may end each session that it is looked at in.
      if (!signal.aborted) this.#sayBlind("the session with the relay ended meanwhile");
      return false;
    }
    await health.seen(finding.verdict, finding.why);
    this.#say(finding);
    return true;
  }

  /**
   * Whether the relay itself says that this client is online. If not, the session may be lost without a word, or
   * the relay lies: then the session goes on.
   */
  async #isSeenOnline(): Promise<boolean> {
    try {
      return (await this.#options.api.account(ACCOUNT_MS)).online;
    } catch {
      return false;
    }
  }

  /** The worst that is seen at the page's addresses; one that cannot be reached from here is none of it. */
  async #lookOnce(page: URL): Promise<Finding> {
    try {
      const addresses = await this.#addressesOf(page.hostname);
      const findings: Finding[] = [];
      for (const address of addresses) {
        findings.push(await lookAtOwnPage({ ...this.#options, page, address }));
      }
      const by = (verdict: Finding["verdict"]) => findings.find((one) => one.verdict === verdict);
      return by("other") ?? by("own") ?? findings[0]!;
    } catch (error) {
      return { verdict: "not seen", why: (error as Error).message };
    }
  }

  /**
   * Where visitors find the page, as far as one may connect there: it is the relay's DNS that says so.
   *
   * @throws {Error} where there is no such address.
   */
  async #addressesOf(hostname: string): Promise<string[]> {
    const { relay, http, resolvers, sleep, signal } = this.#options;
    const found = await visitedAddresses(hostname, resolvers, signal);
    // Anew for each look: this computer may be in another network by then.
    const permitted = await new DataAddresses({
      relayHost: relay.hostname,
      isRelayAt: (address) => http.isAt(address),
      sleep: (ms) => sleep(ms, signal),
    }).among(found);
    if (permitted.length > 0) return permitted;
    throw new Error(`${found.join(", ")} is here or on this network, where the relay is not`);
  }

  #say({ verdict, why }: Finding): void {
    const { log } = this.#options;
    const before = this.#before;
    this.#before = verdict;
    if (verdict === "not seen") return this.#sayBlind(why);
    this.#blind = undefined;
    if (verdict === "other") {
      log.error(`SOMEBODY ELSE ANSWERS VISITORS IN THIS COMPUTER'S PLACE. ${WHAT_TO_DO}`, { why });
    } else if (before === "other") {
      log.warn("Visitors get through to this computer again");
    } else {
      log.debug("Visitors get through to this computer alone");
    }
  }

  /** Nothing can be said by a look; after a day of such ones, that is. */
  #sayBlind(why: string | null): void {
    const { log, now } = this.#options;
    this.#blind ??= { since: now(), tellAt: now() + BLIND_MS };
    log.debug("Cannot look at the own page from outside", { why });
    if (now() < this.#blind.tellAt) return;
    this.#blind.tellAt = now() + BLIND_MS;
    log.warn(
      "The own page could not be looked at from outside for a day, so nobody watches who answers in its place: " +
        "let this computer connect to it, or check with glosson verify from another one",
      { since: new Date(this.#blind.since).toISOString(), why },
    );
  }

  #within({ from, to }: { from: number; to: number }): number {
    return from + this.#options.random() * (to - from);
  }
}
