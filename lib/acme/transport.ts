import { networkCause } from "../net/network_cause.ts";
import { pause } from "../net/pause.ts";

/** How long one request may take. */
const REQUEST_TIMEOUT_MS = 30_000;

/** Pauses before a request is sent again that failed for a passing reason. */
const RETRY_PAUSES_MS = [300, 1_000, 3_000];

/** Longest `Retry-After` that is waited for within a request; longer ones end the order. */
const MAX_RETRY_AFTER_MS = 10_000;

/** Largest answer read; a chain has a few kilobytes. */
const MAX_ANSWER_CHARACTERS = 1024 * 1024;

const PROBLEM_PREFIX = "urn:ietf:params:acme:error:";

/** An answer as acme-client expects it from its HTTP half. */
export interface AcmeAnswer {
  status: number;
  headers: Record<string, string>;
  /** Parsed when it is JSON, else text. */
  data: unknown;
}

/** A problem document that an ACME server answered with (RFC 8555, section 6.7). */
export class AcmeProblem extends Error {
  override name = "AcmeProblem";
  /** Its type without the common prefix, e.g. `rateLimited`. */
  readonly type: string;
  readonly status: number;
  /** When to ask again, milliseconds since the epoch, if the server said so. */
  readonly retryAt?: number;

  constructor(type: string, status: number, message: string, retryAt?: number) {
    super(message);
    this.type = type;
    this.status = status;
    this.retryAt = retryAt;
  }
}

/** What a person sets to have another server, or to trust one. */
export interface AcmeWords {
  directory: string;
  ca: string;
}

/** The relay's settings. */
export const RELAY_WORDS: AcmeWords = {
  directory: "GLOSSOND_ACME_DIRECTORY_URL",
  ca: "GLOSSOND_ACME_CA_FILE",
};

/** Options for {@linkcode createAcmeTransport}. */
export interface AcmeTransportOptions {
  directoryUrl: string;
  /** For what errors say is to be mended. @default {RELAY_WORDS} */
  words?: AcmeWords;
  /** Certificate to trust besides the public ones, PEM. */
  caPem?: string;
  userAgent: string;
  /** Clock in milliseconds since the epoch. */
  now: () => number;
  /** Ends requests and the pauses between them, which reject with its reason. */
  signal?: AbortSignal | undefined;
}

/** Speaks HTTPS with one ACME server. */
export interface AcmeTransport {
  /**
   * Sends one request, again after passing failures.
   *
   * @throws {AcmeProblem} on a problem document, but for `badNonce`, which acme-client answers.
   * @throws {Error} when the server cannot be reached or answers something else than ACME.
   */
  request(
    url: string,
    method: string,
    options?: { data?: unknown; headers?: Record<string, string> },
  ): Promise<AcmeAnswer>;
  /** What its options call what a person sets. */
  readonly words: AcmeWords;
  /** How far the server's clock is ahead of ours, in milliseconds; undefined before an answer. */
  clockAheadMs(): number | undefined;
  close(): void;
}

/**
 * Makes the HTTP half for acme-client. Its own (axios) hides the cause of a failed connection and
 * keeps retrying it for minutes, and knows no private authority but by a process-wide setting.
 */
export function createAcmeTransport(options: AcmeTransportOptions): AcmeTransport {
  const { directoryUrl, words = RELAY_WORDS, caPem, userAgent, now, signal } = options;
  const { host } = new URL(directoryUrl);
  const client = Deno.createHttpClient(caPem === undefined ? {} : { caCerts: [caPem] });
  let clockAheadMs: number | undefined;

  const request: AcmeTransport["request"] = async (url, method, { data, headers } = {}) => {
    for (const wait of [...RETRY_PAUSES_MS, undefined]) {
      let answer: AcmeAnswer;
      try {
        answer = await send(url, method, data, headers);
      } catch (cause) {
        signal?.throwIfAborted();
        if (wait === undefined || !networkCause(cause).passing) throw unreachable(cause);
        await pause(wait, signal);
        continue;
      }
      if (answer.status < 400) return answer;
      const problem = toProblem(answer, url);
      if (problem.type === "badNonce") return answer;
      const asked = problem.retryAt === undefined ? 0 : problem.retryAt - now();
      const passing = answer.status >= 500 && wait !== undefined && asked <= MAX_RETRY_AFTER_MS;
      if (!passing) throw problem;
      await pause(Math.max(asked, wait), signal);
    }
    throw new Error("unreachable: the last pause is undefined");
  };

  async function send(
    url: string,
    method: string,
    data: unknown,
    headers: Record<string, string> = {},
  ): Promise<AcmeAnswer> {
    const answer = await fetch(url, {
      method: method.toUpperCase(),
      headers: { "Content-Type": "application/jose+json", "User-Agent": userAgent, ...headers },
      body: data === undefined ? undefined : JSON.stringify(data),
      signal: withinTime(signal),
      client,
    });
    const date = Date.parse(answer.headers.get("date") ?? "");
    if (!Number.isNaN(date)) clockAheadMs = date - now();
    const text = await answer.text();
    if (text.length > MAX_ANSWER_CHARACTERS) throw new Error("its answer is longer than 1 MiB");
    const isJson = /\bjson\b/.test(answer.headers.get("content-type") ?? "");
    return {
      status: answer.status,
      headers: Object.fromEntries(answer.headers),
      data: isJson && text !== "" ? JSON.parse(text) : text,
    };
  }

  function unreachable(cause: unknown): Error {
    const { why, untrusted } = networkCause(cause);
    const fix = untrusted ? `; name its root in ${words.ca}` : "";
    return new Error(
      `Cannot reach the ACME server ${host}: ${why}${fix} (${words.directory})`,
      { cause },
    );
  }

  function toProblem({ status, headers, data }: AcmeAnswer, url: string): AcmeProblem {
    const retryAt = parseRetryAfter(headers["retry-after"], now());
    const { type, detail, subproblems } = problemBody(data);
    if (type === undefined) {
      const where = url === directoryUrl ? `: check ${words.directory}` : "";
      return new AcmeProblem(
        "",
        status,
        `The ACME server ${host} fails with status ${status}${where}`,
        retryAt,
      );
    }
    const details = [detail, ...subproblems].filter(Boolean).join("; ");
    return new AcmeProblem(type, status, `The ACME server ${host} says: ${details}`, retryAt);
  }

  return { request, words, clockAheadMs: () => clockAheadMs, close: () => client.close() };
}

/** Aborted when a request has taken its time, or with the signal. */
function withinTime(signal: AbortSignal | undefined): AbortSignal {
  const late = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
  return signal === undefined ? late : AbortSignal.any([late, signal]);
}

/** Type (without prefix), detail and details of the subproblems of a problem document. */
export function problemBody(
  data: unknown,
): { type?: string; detail?: string; subproblems: string[] } {
  const { type, detail, subproblems } = (data ?? {}) as Record<string, unknown>;
  if (typeof type !== "string") return { subproblems: [] };
  return {
    type: type.startsWith(PROBLEM_PREFIX) ? type.slice(PROBLEM_PREFIX.length) : type,
    detail: typeof detail === "string" ? detail : type,
    subproblems: Array.isArray(subproblems)
      ? subproblems.map((each) => String((each as { detail?: unknown })?.detail ?? ""))
      : [],
  };
}

/** Reads a `Retry-After` header (RFC 9110, section 10.2.3) as milliseconds since the epoch. */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header)) return now + Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : date;
}
