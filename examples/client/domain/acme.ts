/**
 * Domains of the user's own: their certificates, from an ACME server of the user's choice.
 *
 * @module
 */
import acme from "acme-client";
import project from "../../../deno.json" with { type: "json" };
import { finalize } from "../../../lib/acme/finalize.ts";
import { poll } from "../../../lib/acme/poll.ts";
import { fetchRenewalWindow, renewalId } from "../../../lib/acme/renewal_info.ts";
import {
  type AcmeOrder,
  readAuthorization,
  type ReadObject,
  readOrder,
} from "../../../lib/acme/objects.ts";
import { type AcmeSession, openAcmeSession } from "../../../lib/acme/session.ts";
import { AcmeProblem, problemBody } from "../../../lib/acme/problem.ts";
import {
  type AcmeTransport,
  type AcmeWords,
  createAcmeTransport,
} from "../../../lib/acme/transport.ts";
import { type KeyType, makeKey, makeKeyAndRequest } from "../../../lib/pki/keys.ts";
import { readChain } from "../../../lib/pki/identity.ts";
import { NotProved } from "../asked_pause.ts";
import type { KeyAndChain } from "../front/tls_end.ts";
import type { SavedIdentity } from "../records.ts";
import type { AcmeAccount } from "./kept.ts";

/** What a person sets for the server. */
const WORDS: AcmeWords = { directory: "--acme", ca: "--acme-ca" };

/**
 * Age at which a certificate is renewed as the server asks, milliseconds, and as a share of a shorter life: one whose
 * windows are always over would be asked for one after another.
 */
const YOUNGEST_MS = 86_400_000;
const YOUNGEST_SHARE = 1 / 10;

/** What helps where an account may place no order (RFC 8555 section 7.3.6). */
const NOT_VALID =
  "if your account there was deactivated, remove acme.json from the folder domains of your state folder, and say glosson domain add, or glosson caa own, again";

/** What an ACME server tells of itself. */
export interface AcmeTerms {
  /** Where its terms are to be read; undefined where it has none. */
  terms: string | undefined;
  /** Its names in CAA records (RFC 8659 section 4.2). */
  caaIdentities: readonly string[];
}

/** Options for {@linkcode Acme.order}. */
export interface OrderOptions {
  domain: string;
  keyType: KeyType;
  /** The certificate that is to be replaced (RFC 9773 section 5), PEM. */
  replaces?: string | undefined;
  /** Told the key before anybody can have signed it. */
  onKey?: (key: string) => Promise<void>;
  /** Told the account's new URL, where the server had forgotten it and it was registered again. */
  onAccount: (url: string) => Promise<void>;
  /** Answers the authority's handshakes for the domain with this, until it is called without one. */
  prove: (identity: KeyAndChain | undefined) => void;
}

/** Options for {@linkcode Acme}. */
export interface AcmeOptions extends Pick<AcmeAccount, "directory" | "ca"> {
  /** Clock in milliseconds since the epoch. */
  now: () => number;
  /** Ends whatever is asked of the server, which rejects with its reason. */
  signal?: AbortSignal;
}

/** Speaks with one ACME server; whoever opens it closes it. Its methods throw what the server says. */
export class Acme {
  readonly #transport: AcmeTransport;
  readonly #directory: string;
  readonly #now: () => number;
  readonly #signal: AbortSignal | undefined;

  constructor({ directory, ca, now, signal }: AcmeOptions) {
    this.#directory = directory;
    this.#now = now;
    this.#signal = signal;
    this.#transport = createAcmeTransport({
      ...{ directoryUrl: directory, words: WORDS, now, signal },
      ...(ca !== undefined && { caPem: ca }),
      userAgent: `glosson/${project.version}`,
    });
  }

  close(): void {
    this.#transport.close();
  }

  /** What is to be agreed to, and the names in CAA records. */
  async terms(): Promise<AcmeTerms> {
    // Nothing is signed for this, so that any key does.
    const session = await this.#session({ key: await makeKey() });
    const { meta } = await session.directory();
    return { terms: meta?.termsOfService, caaIdentities: meta?.caaIdentities ?? [] };
  }

  /** Registers an account for a new key, which agrees to the server's terms. */
  async register(email: string | undefined): Promise<{ key: string; url: string }> {
    const key = await makeKey();
    const session = await this.#session({ key });
    const url = await session.register({
      termsOfServiceAgreed: true,
      ...(email !== undefined && { contact: [`mailto:${email}`] }),
    });
    return { key, url };
  }

  /**
   * When the server wants a certificate renewed (RFC 9773), which is not right after it was signed; undefined where
   * it does not say.
   */
  async renewalWindow(chain: string): Promise<{ start: number; end: number } | undefined> {
    const session = await this.#session({ key: await makeKey() });
    const { renewalInfo } = await session.directory();
    if (renewalInfo === undefined) return undefined;
    const window = await fetchRenewalWindow(this.#transport, renewalInfo, chain, this.#now());
    if (window === undefined) return undefined;
    const { notBefore, notAfter } = await readChain(chain);
    const soonest = notBefore + Math.min(YOUNGEST_MS, (notAfter - notBefore) * YOUNGEST_SHARE);
    return { start: Math.max(window.start, soonest), end: Math.max(window.end, soonest) };
  }

  /** Orders a certificate for a new key, and proves the domain by TLS-ALPN-01 (RFC 8737). */
  async order(account: AcmeAccount, options: OrderOptions): Promise<SavedIdentity> {
    const { domain, keyType, replaces, onKey, onAccount } = options;
    const session = await this.#session(account);
    const { headers, data } = await this.#place(session, domain, replaces).catch(async (error) => {
      requireForgotten(error);
      // Its terms were agreed to when it was registered first.
      await onAccount(await session.register({ termsOfServiceAgreed: true }));
      return await this.#place(session, domain, replaces);
    });
    const url = headers.location;
    if (url === undefined) throw new Error("The ACME server named no order URL");
    let state = readOrder(data);
    const reach = async (...wanted: AcmeOrder["status"][]): Promise<AcmeOrder> => {
      const done = ({ status }: AcmeOrder) => status === "invalid" || wanted.includes(status);
      const end = await this.#poll(session, url, readOrder, done);
      if (end.status !== "invalid") return end;
      const { detail = "it gives no reason" } = problemBody(end.error);
      throw new Error(`The ACME server gave up the order for ${domain}: ${detail}`);
    };
    for (const authorization of state.authorizations) {
      await this.#prove(session, authorization, options);
    }
    if (state.status === "pending") state = await reach("ready", "processing", "valid");
    const { key, csr } = await makeKeyAndRequest([domain], keyType);
    await onKey?.(key);
    await finalize(session, state.finalize, csr);
    state = await reach("valid");
    if (state.certificate === undefined) throw new Error("The ACME server names no certificate");
    return { key, chain: String((await session.read(state.certificate)).data) };
  }

  #session(account: { key: string; url?: string }): Promise<AcmeSession> {
    return openAcmeSession(this.#transport, this.#directory, account);
  }

  #poll<T>(
    session: AcmeSession,
    url: string,
    as: ReadObject<T>,
    done: (state: T) => boolean,
  ): Promise<T> {
    return poll({ session, url, as, done, signal: this.#signal, now: this.#now });
  }

  async #place(
    session: AcmeSession,
    domain: string,
    replaces: string | undefined,
  ): ReturnType<AcmeSession["post"]> {
    const { newOrder, renewalInfo } = await session.directory();
    const payload = { identifiers: [{ type: "dns", value: domain }] };
    const replaced = renewalInfo === undefined || replaces === undefined
      ? undefined
      : await renewalId(replaces);
    if (replaced === undefined) return await session.post(newOrder, payload);
    try {
      return await session.post(newOrder, { ...payload, replaces: replaced });
    } catch (error) {
      // Replaced already, or another server's: a plain order still does.
      if (!(error instanceof AcmeProblem) || error.status === 429 || error.status >= 500) {
        throw error;
      }
      return await session.post(newOrder, payload);
    }
  }

  async #prove(
    session: AcmeSession,
    url: string,
    { domain, prove }: OrderOptions,
  ): Promise<void> {
    const authorization = readAuthorization((await session.read(url)).data);
    if (authorization.status === "valid") return;
    const challenge = authorization.challenges.find(({ type }) => type === "tls-alpn-01");
    if (challenge?.token === undefined) {
      throw new Error(
        `The ACME server offers no tls-alpn-01 for ${domain}: choose another (--acme)`,
      );
    }
    const answer = await session.challengeValue(challenge);
    const [key, chain] = await acme.crypto.createAlpnCertificate(
      authorization as Parameters<typeof acme.crypto.createAlpnCertificate>[0],
      answer,
      await makeKey(),
    );
    prove({ key: key.toString(), chain: chain.toString() });
    try {
      await session.post(challenge.url, {});
      const end = await this.#poll(
        session,
        url,
        readAuthorization,
        ({ status }) => status !== "pending",
      );
      if (end.status === "valid") return;
      const failed = end.challenges.find(({ error }) => error !== undefined);
      const { detail = `its state is ${end.status}` } = problemBody(failed?.error);
      throw new NotProved(`The ACME server could not prove ${domain}: ${detail}`);
    } finally {
      prove(undefined);
    }
  }
}

/** Throws why an order was refused, unless that is that the account is known no more. */
function requireForgotten(error: unknown): void {
  if (!(error instanceof AcmeProblem)) throw error;
  const { type, status, message, retryAt } = error;
  if (type === "unauthorized") {
    throw new AcmeProblem(type, status, `${message}; ${NOT_VALID}`, retryAt);
  }
  if (type !== "accountDoesNotExist") throw error;
}
