import type { Log } from "../../../lib/log.ts";
import type { Sleep } from "../../../lib/net/pause.ts";
import type { KeyType } from "../../../lib/pki/keys.ts";
import type { Api } from "../api.ts";
import { askedPauseMs } from "../asked_pause.ts";
import { Backoff } from "../backoff.ts";
import type { TlsEnds } from "../front/tls_ends.ts";
import { checkIdentity, type Identity, usableIdentity } from "../identity.ts";
import type { SavedIdentity } from "../records.ts";
import { nextLookMs, renewalTime } from "../renewal.ts";
import type { Acme } from "./acme.ts";
import type { AcmeAccount, KeptDomains } from "./kept.ts";
import { openAcme } from "./open_acme.ts";

/** How often it is looked whether `glosson domain` has added or removed one, milliseconds. */
const LOOK_MS = 3_000;

/**
 * Pauses after something failed, milliseconds. Let's Encrypt takes 5 failed proofs of a name an hour, so
 * that the shortest is added to each.
 */
const PAUSE_MS = { shortest: 120_000, first: 600_000, longest: 21_600_000 } as const;

/** How often an authority is asked when it wants a certificate renewed, milliseconds (RFC 9773). */
const ASK_WINDOW_MS = 6 * 3_600_000;

/** Options for {@linkcode keepDomains}. */
export interface KeepDomainsOptions {
  kept: KeptDomains;
  api: Pick<Api, "account" | "putDomain">;
  /** Where visitors' TLS ends. */
  ends: Pick<TlsEnds, "useFor" | "prove">;
  /** Names that requests are answered for: the domains are among them while they are kept. */
  hosts: Set<string>;
  keyType: KeyType;
  /** Whether visitors can reach this client by now, and so an authority. */
  isOnline: () => boolean;
  now: () => number;
  sleep: Sleep;
  /** Uniform in [0, 1). */
  random: () => number;
  signal: AbortSignal;
  log: Log;
}

/**
 * Serves the user's own domains, each with a certificate of its own that is renewed when it is due, until the
 * abort. Those that are added or removed meanwhile, it notices.
 */
export async function keepDomains(options: KeepDomainsOptions): Promise<void> {
  const { kept, hosts, isOnline, sleep, signal, log } = options;
  const keepers = new Map<string, DomainKeeper>();

  async function look(): Promise<void> {
    const domains = await kept.list();
    for (const [domain, keeper] of keepers) {
      if (domains.includes(domain)) continue;
      hosts.delete(domain);
      await keeper.end();
      keepers.delete(domain);
    }
    for (const domain of domains) {
      if (keepers.has(domain)) continue;
      const keeper = new DomainKeeper(domain, options);
      keepers.set(domain, keeper);
      hosts.add(domain);
      await keeper.begin();
    }
    for (const keeper of keepers.values()) if (isOnline()) keeper.act();
  }

  let told: string | undefined;
  while (!signal.aborted) {
    try {
      await look();
      told = undefined;
    } catch (error) {
      const text = String(error);
      if (text !== told) log.error("Cannot look after your domains", { error });
      told = text;
    }
    await sleep(LOOK_MS, signal);
  }
  await Promise.all([...keepers.values()].map((keeper) => keeper.acted));
}

/** One domain: whether it leads here at the relay, and its certificate. */
class DomainKeeper {
  readonly #domain: string;
  readonly #options: KeepDomainsOptions;
  readonly #backoff: Backoff;
  readonly #over = new AbortController();
  readonly #signal: AbortSignal;
  #identity: Identity | undefined;
  /** When something is to be done next, and when the authority is to be asked; since the epoch. */
  #nextAt = 0;
  #acting: Promise<void> | undefined;
  #askWindowAt = 0;

  constructor(domain: string, options: KeepDomainsOptions) {
    this.#domain = domain;
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#over.signal]);
    this.#backoff = new Backoff({
      firstMs: PAUSE_MS.first,
      longestMs: PAUSE_MS.longest,
      random: options.random,
    });
  }

  /** Serves the certificate that is there, if it can be used. Never rejects. */
  async begin(): Promise<void> {
    const { kept, ends, now, log } = this.#options;
    try {
      const saved = await kept.identity(this.#domain);
      const identity = saved && usableIdentity(saved, this.#domain, now());
      if (identity === undefined) return;
      await ends.useFor(this.#domain, identity);
      this.#identity = identity;
    } catch (error) {
      log.warn("Your domain's saved certificate cannot be used, asking for another", {
        ...{ domain: this.#domain, error },
      });
    }
  }

  /** Resolves when nothing is being done. */
  get acted(): Promise<void> {
    return this.#acting ?? Promise.resolve();
  }

  /** Begins what is due, if anything is and nothing is under way. */
  act(): void {
    if (this.#options.now() < this.#nextAt) return;
    this.#acting ??= this.#act().finally(() => this.#acting = undefined);
  }

  /** Ends what is under way, and serves the domain no more. */
  async end(): Promise<void> {
    this.#over.abort();
    await this.acted;
    await this.#options.ends.useFor(this.#domain, undefined);
  }

  /** Does what is due. Never rejects. */
  async #act(): Promise<void> {
    const { now, random, log } = this.#options;
    try {
      await this.#seeThatItLeadsHere();
      this.#signal.throwIfAborted();
      await this.#askWindow();
      if (this.#identity === undefined || now() >= renewalTime(this.#identity)) await this.#order();
      // Removed meanwhile: the next look says what becomes of it.
      if (this.#identity === undefined) return;
      this.#nextAt = now() + nextLookMs(renewalTime(this.#identity), now(), random());
      this.#backoff.reset();
    } catch (error) {
      if (this.#signal.aborted) return;
      const waitMs = Math.max(askedPauseMs(error, now()), PAUSE_MS.shortest) + this.#backoff.next();
      this.#nextAt = now() + waitMs;
      log.error("Something is wrong with your domain, trying again", {
        ...{ domain: this.#domain, error, inSeconds: Math.round(waitMs / 1000) },
      });
    }
  }

  /** The relay takes a domain away whose DNS leads elsewhere: its records may be mended by now. */
  async #seeThatItLeadsHere(): Promise<void> {
    const { api } = this.#options;
    const { domains } = await api.account();
    if (!domains?.includes(this.#domain)) await api.putDomain(this.#domain);
  }

  /** Asks the authority when it wants the certificate renewed; without an answer it is as it was. */
  async #askWindow(): Promise<void> {
    const { now, log } = this.#options;
    if (this.#identity === undefined || now() < this.#askWindowAt) return;
    this.#askWindowAt = now() + ASK_WINDOW_MS;
    try {
      await this.#withAcme(async (acme) => {
        const window = await acme.renewalWindow(this.#identity!.chain);
        if (window !== undefined) await this.#use(this.#identity!, window);
      });
    } catch (error) {
      log.warn("Cannot ask when to renew", { domain: this.#domain, error });
    }
  }

  async #order(): Promise<void> {
    const { kept, ends, keyType, log } = this.#options;
    const domain = this.#domain;
    await this.#withAcme(async (acme, account) => {
      const saved = await acme.order(account, {
        ...{ domain, keyType },
        replaces: this.#identity?.chain,
        prove: (identity) => ends.prove(domain, identity),
        onAccount: (url) => kept.noteRegistered(account, url, log),
      });
      const window = await acme.renewalWindow(saved.chain).catch(() => undefined);
      await this.#use(saved, window);
    });
    if (this.#identity === undefined) return;
    const { notAfter } = this.#identity;
    log.info("Your domain has a certificate", {
      domain,
      notAfter: new Date(notAfter).toISOString(),
    });
  }

  /** Keeps and serves a certificate; the moment of its renewal is a random one of the window. */
  async #use(
    { key, chain, renewAfter }: SavedIdentity,
    window: { start: number; end: number } | undefined,
  ): Promise<void> {
    const { kept, ends, now, random } = this.#options;
    const known = renewAfter === undefined ? NaN : Date.parse(renewAfter);
    if (window !== undefined && !(known >= window.start && known <= window.end)) {
      const at = window.start + (window.end - window.start) * random();
      renewAfter = new Date(at).toISOString();
    }
    const saved = { key, chain, renewAfter };
    const identity = checkIdentity(saved, this.#domain, now());
    if (!await kept.saveIdentity(this.#domain, saved)) return;
    await ends.useFor(this.#domain, identity);
    this.#identity = identity;
  }

  async #withAcme(use: (acme: Acme, account: AcmeAccount) => Promise<void>): Promise<void> {
    const { kept, now } = this.#options;
    const account = await kept.account();
    if (account === undefined) {
      throw new Error(`There is no account to order with: glosson domain add ${this.#domain}`);
    }
    const acme = await openAcme({ ...account, now, signal: this.#signal });
    try {
      await use(acme, account);
    } finally {
      acme.close();
    }
  }
}
