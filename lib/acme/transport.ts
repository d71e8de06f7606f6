import { boundedText } from "../net/bounded_text.ts";
import { networkCause } from "../net/network_cause.ts";
import { pause } from "../net/pause.ts";
import { AcmeProblem, problemBody, quoted } from "./problem.ts";

/** How long one request may take. */
const REQUEST_TIMEOUT_MS = 30_000;

/** Pauses before a request is sent again that failed for a passing reason. */
const RETRY_PAUSES_MS = [300, 1_000, 3_000];

/** Longest `Retry-After` that is waited for within a request; longer ones end the order. */
const MAX_RETRY_AFTER_MS = 10_000;

/** Largest answer read; a chain has a few kilobytes. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** The furthest that `Retry-After` is believed: no limit of Let's Encrypt's lasts longer. */
const MAX_RETRY_MS = 7 * 86_400_000;

/** An answer as acme-client expects it from its HTTP half. */
export interface AcmeAnswer {
  status: number;
  headers: Record<string, string>;
  /** Parsed when it is JSON, else text. */
  data: unknown;
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

/** What a request has besides its address. */
export interface AcmeRequest {
  /** Sent as JSON. */
  data?: unknown;
  headers?: Record<string, string>;
  /** Ends it, and the pauses before it is sent again; it rejects with the reason. */
  signal?: AbortSignal;
}

/** Speaks HTTPS with one ACME server. */
export interface AcmeTransport {
  /**
   * Sends one request, again after passing failures.
   *
   * @throws {AcmeProblem} on a problem document, but for `badNonce`, which acme-client answers.
   * @throws {Error} when the server cannot be reached or answers something else than ACME.
   */
  request(url: string, method: string, options?: AcmeRequest): Promise<AcmeAnswer>;
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
  const { directoryUrl, words = RELAY_WORDS, caPem, userAgent, now } = options;
  const { host, protocol } = new URL(directoryUrl);
  const server: Server = { host, protocol, words };
  const client = Deno.createHttpClient(caPem === undefined ? {} : { caCerts: [caPem] });
  let clockAheadMs: number | undefined;

  const request: AcmeTransport["request"] = async (url, method, asked = {}) => {
    checkAddress(url, server);
    const over = AbortSignal.any(
      [options.signal, asked.signal].filter((each) => each !== undefined),
    );
    for (const wait of [...RETRY_PAUSES_MS, undefined]) {
      let answer: AcmeAnswer;
      try {
        answer = await send(url, method, { ...asked, signal: over });
      } catch (cause) {
        over.throwIfAborted();
        if (cause instanceof SyntaxError || cause instanceof RangeError) {
          throw unusable(cause, server);
        }
        if (wait === undefined || !networkCause(cause).passing) {
          throw unreachable(cause, new URL(url).host, words);
        }
        await pause(wait, over);
        continue;
      }
      if (answer.status < 400) return answer;
      const hint = url === directoryUrl ? `: check ${words.directory}` : "";
      const problem = toProblem(answer, { host, hint, now });
      if (problem.type === "badNonce") return answer;
      const after = problem.retryAt === undefined ? 0 : problem.retryAt - now();
      const passing = answer.status >= 500 && wait !== undefined && after <= MAX_RETRY_AFTER_MS;
      if (!passing) throw problem;
      await pause(Math.max(after, wait), over);
    }
    throw new Error("unreachable: the last pause is undefined");
  };

  async function send(
    url: string,
    method: string,
    { data, headers = {}, signal }: AcmeRequest & { signal: AbortSignal },
  ): Promise<AcmeAnswer> {
    const answer = await fetch(url, {
      method: method.toUpperCase(),
      headers: { "Content-Type": "application/jose+json", "User-Agent": userAgent, ...headers },
      body: data === undefined ? undefined : JSON.stringify(data),
      // What is signed is for the address that it names.
      redirect: data === undefined ? "follow" : "manual",
      signal: AbortSignal.any([AbortSignal.timeout(REQUEST_TIMEOUT_MS), signal]),
      client,
    });
    if (!isSafe(answer.url, server)) throw new RangeError("is of a redirect away from HTTPS");
    const date = Date.parse(answer.headers.get("date") ?? "");
    if (!Number.isNaN(date)) clockAheadMs = date - now();
    if (answer.status >= 300 && answer.status < 400) throw new RangeError("is a redirect");
    const text = await boundedText(answer, MAX_ANSWER_BYTES);
    const isJson = /\bjson\b/.test(answer.headers.get("content-type") ?? "");
    return {
      status: answer.status,
      headers: Object.fromEntries(answer.headers),
      data: isJson && text !== "" ? JSON.parse(text) : text,
    };
  }

  return { request, words, clockAheadMs: () => clockAheadMs, close: () => client.close() };
}

/** The server, as errors speak of it. */
interface Server {
  host: string;
  /** With its colon. */
  protocol: string;
  words: AcmeWords;
}

/** Addresses are the server's to name, of HTTPS (RFC 8555 section 6.1) or what its own one is of. */
function isSafe(url: string, { protocol }: Server): boolean {
  return ["https:", protocol].includes(URL.parse(url)?.protocol ?? "");
}

function checkAddress(url: string, server: Server): void {
  if (isSafe(url, server)) return;
  throw new Error(
    `The ACME server ${server.host} names an address that is none of HTTPS: ${quoted(`${url}`)}`,
  );
}

function unusable(cause: Error, { host, words }: Server): Error {
  const why = cause instanceof RangeError ? cause.message : "is not the JSON that it is said to be";
  return new Error(`The answer of the ACME server ${host} ${why}: check ${words.directory}`, {
    cause,
  });
}

/** @param host what was asked: a directory may name addresses of others. */
function unreachable(cause: unknown, host: string, words: AcmeWords): Error {
  const { why, untrusted } = networkCause(cause);
  const fix = untrusted ? `; name its root in ${words.ca}` : "";
  return new Error(`Cannot reach the ACME server ${host}: ${why}${fix} (${words.directory})`, {
    cause,
  });
}

/** The error for an answer that is none; `hint` goes behind one that says nothing. */
function toProblem(
  { status, headers, data }: AcmeAnswer,
  { host, hint, now }: { host: string; hint: string; now: () => number },
): AcmeProblem {
  const retryAt = parseRetryAfter(headers["retry-after"], now());
  const { type, detail, subproblems } = problemBody(data);
  if (type === undefined) {
    const message = `The ACME server ${host} fails with status ${status}${hint}`;
    return new AcmeProblem("", status, message, retryAt);
  }
  const details = quoted([detail, ...subproblems].filter(Boolean).join("; "));
  return new AcmeProblem(type, status, `The ACME server ${host} says: ${details}`, retryAt);
}

/**
 * Reads a `Retry-After` header (RFC 9110, section 10.2.3) as milliseconds since the epoch, seven days from now
 * at most.
 */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  // Date.parse takes "-5" and "1.5" for years and months.
  const at = /^\d+$/.test(header)
    ? now + Number(header) * 1000
    : Date.parse(/[a-z]/i.test(header) ? header : "");
  return Number.isNaN(at) ? undefined : Math.min(at, now + MAX_RETRY_MS);
}
