import {
  type Check,
  isBoolean,
  isCode,
  isNullOr,
  isNumber,
  isOneOf,
  isPem,
  isString,
  isTexts,
  isTime,
  isUsername,
  isWord,
} from "./answers.ts";
import type {
  AccountInfo,
  CaaAnswer,
  CaaChange,
  CertificateAnswer,
  Claim,
  OwnDomain,
  Preferences,
  RelayInfo,
  Verified,
} from "./relay_answers.ts";
import { readMembers, readText } from "./answer_body.ts";
import { readProblem, readRetryAfter, RelayProblem, unreachable } from "./problem.ts";
import { isHost } from "../../lib/wire/server_name.ts";
import { headerSecret } from "../../lib/wire/secret.ts";
import type { RelayHttp } from "./relay_http.ts";

/** How long one request may take, milliseconds. */
const REQUEST_TIMEOUT_MS = 15_000;

/** Members of {@linkcode CertificateAnswer}: those of `ready` are absent from the others. */
const CERTIFICATE = {
  status: isOneOf("pending", "ready", "failed"),
  certificate: isNullOr(isPem),
  notAfter: isNullOr(isTime),
  renewAfter: isNullOr(isTime),
};

/** Members of {@linkcode CaaAnswer}. */
const CAA = {
  account: isNullOr(isString),
  records: isTexts,
  written: isBoolean,
  detail: isNullOr(isString),
};

/** What identifies an {@linkcode Api}. */
export interface ApiOptions {
  relay: URL;
  http: Pick<RelayHttp, "client" | "failure">;
  /** For the requests that need one. */
  token?: string;
  /** Ends requests when aborted. */
  signal?: AbortSignal;
  /** Clock for `Retry-After` dates. @default {Date.now} */
  now?: () => number;
}

/** An answer's JSON and the pause that it asks for. */
interface Answer<T> {
  value: T;
  retryAfterMs: number | undefined;
}

/**
 * The relay's HTTPS interface, PROTOCOL section 1.
 *
 * Every method throws {@linkcode RelayProblem} when the relay refuses, and
 * {@linkcode RelayUnreachable} when it cannot be asked or makes no sense.
 */
export class Api {
  readonly #options: ApiOptions;

  constructor(options: ApiOptions) {
    this.#options = options;
  }

  /** What the relay is. */
  async relayInfo(): Promise<RelayInfo> {
    return (await this.#ask<RelayInfo>("GET", "/v1/relay", {
      protocol: isNumber,
      publicPort: isNullOr(isNumber),
      features: isNullOr(isTexts),
      keyFingerprints: isNullOr(isTexts),
    })).value;
  }

  /** Begins to claim a name. */
  async claim(username: string): Promise<Claim> {
    const members = { claim: isWord, hostname: isHost, code: isCode, expiresAt: isTime };
    return (await this.#ask<Claim>("POST", "/v1/claims", members, { username })).value;
  }

  /** Has the relay look for the code in the bio. */
  async verify(claim: string): Promise<Verified> {
    const path = `/v1/claims/${encodeURIComponent(claim)}/verify`;
    const members = { username: isUsername, hostname: isHost, token: isWord };
    return (await this.#ask<Verified>("POST", path, members)).value;
  }

  /** What the relay knows of the account; `timeoutMs` for when an answer has to come sooner. */
  async account(timeoutMs?: number): Promise<AccountInfo> {
    const members = {
      hostname: isHost,
      online: isBoolean,
      lastOnlineAt: isNullOr(isTime),
      domains: isNullOr(isTexts),
    };
    return (await this.#ask<AccountInfo>("GET", "/v1/account", members, undefined, timeoutMs))
      .value;
  }

  /** What keeps a control session from being opened, as a refusal that is thrown; none: nothing does. */
  async control(): Promise<void> {
    try {
      await this.#request("GET", "/v1/control");
    } catch (error) {
      // A request that is no handshake gets as far as that.
      if (!(error instanceof RelayProblem && error.code === "upgrade-required")) throw error;
    }
  }

  /** Changes what visitors see while the user is away; the answer is all of it. */
  async changePreferences(change: Partial<Preferences>): Promise<Preferences> {
    const members = {
      offlinePage: isOneOf("full", "plain", "none"),
      lastSeen: isBoolean,
      away: isNullOr(isString),
    };
    return (await this.#ask<Preferences>("PATCH", "/v1/account", members, change)).value;
  }

  /** Gives the name back. */
  async release(): Promise<void> {
    await this.#request("DELETE", "/v1/account");
  }

  /** Has a domain lead to the user, where its DNS says so. */
  async putDomain(domain: string): Promise<OwnDomain> {
    const members = { domain: isHost, verifiedAt: isTime };
    return (await this.#ask<OwnDomain>("PUT", domainPath(domain), members)).value;
  }

  /** Has a domain lead to the user no more. */
  async removeDomain(domain: string): Promise<void> {
    await this.#request("DELETE", domainPath(domain));
  }

  /** Who alone may order certificates for the page's names. */
  async caa(): Promise<CaaAnswer> {
    return (await this.#ask<CaaAnswer>("GET", "/v1/caa", CAA)).value;
  }

  /** Says who alone may; the answer comes once the relay has tried to write it. */
  async setCaa(change: CaaChange): Promise<CaaAnswer> {
    return (await this.#ask<CaaAnswer>("PUT", "/v1/caa", CAA, change)).value;
  }

  /** Asks for a certificate; the answer is an id to poll. */
  async requestCertificate(csr: string): Promise<CertificateAnswer & { status: "pending" }> {
    const { value, retryAfterMs } = await this.#ask<{ id: string }>(
      "POST",
      "/v1/certificates",
      { id: isWord },
      { csr },
    );
    return { status: "pending", id: value.id, retryAfterMs };
  }

  /** How a certificate request stands. */
  async certificate(id: string): Promise<CertificateAnswer> {
    const path = `/v1/certificates/${encodeURIComponent(id)}`;
    const answer = await this.#ask<CertificateAnswer>("GET", path, CERTIFICATE);
    const { value, retryAfterMs } = answer;
    return value.status === "pending" ? { status: value.status, id, retryAfterMs } : value;
  }

  async #ask<T>(
    method: string,
    path: string,
    members: Record<string, Check>,
    body?: unknown,
    timeoutMs?: number,
  ): Promise<Answer<T>> {
    const { text, retryAfterMs } = await this.#request(method, path, body, timeoutMs);
    return { value: readMembers<T>(this.#options.relay, path, text, members), retryAfterMs };
  }

  async #request(
    method: string,
    path: string,
    body?: unknown,
    timeoutMs = REQUEST_TIMEOUT_MS,
  ): Promise<{ text: string; retryAfterMs: number | undefined }> {
    const { relay, http, token, signal, now = Date.now } = this.#options;
    const timeout = AbortSignal.timeout(timeoutMs);
    const headers = new Headers({ accept: "application/json, application/problem+json" });
    if (token !== undefined) {
      headers.set("authorization", `Bearer ${headerSecret("The account's token", token)}`);
    }
    if (body !== undefined) headers.set("content-type", "application/json");
    let status: number;
    let text: string;
    let retryAfterMs: number | undefined;
    try {
      const response = await fetch(new URL(path, relay), {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        // A redirect would carry the token to wherever it points.
        redirect: "error",
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
        client: http.client,
      });
      status = response.status;
      retryAfterMs = readRetryAfter(response.headers.get("retry-after"), now());
      text = await readText(response);
    } catch (error) {
      throw unreachable(relay, http.failure ?? error);
    }
    if (status >= 400) throw readProblem(status, text, retryAfterMs);
    return { text, retryAfterMs };
  }
}

function domainPath(domain: string): string {
  return `/v1/domains/${encodeURIComponent(domain)}`;
}
