import { latin1 } from "../wire/latin1.ts";
import { MAX_HEAD_BYTES, type StartFault } from "../wire/request_start.ts";
import { type ProblemCode, problemOf, PROBLEMS } from "../wire/problems.ts";

/** Names of the statuses that are answered here (RFC 9110 section 15; RFC 6585). */
const REASONS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  414: "URI Too Long",
  421: "Misdirected Request",
  431: "Request Header Fields Too Large",
  503: "Service Unavailable",
  505: "HTTP Version Not Supported",
};

/** What a connection is told in the place of the server behind it, which ends it. */
export interface OwnAnswer {
  code: ProblemCode;
  /** Where HTTP has one that tells more than that of the code. */
  status?: number;
  /** Tells a person what is wrong and what to do. */
  detail: string;
  retryAfterS?: number;
}

/** What is answered to a request that is not one of HTTP, by HTTP's rules. */
export const UNREADABLE: OwnAnswer = {
  code: "bad-request",
  detail: "This is no request of HTTP/1.1 as RFC 9112 has it.",
};

/** What a connection is told whose beginning is not passed on. */
export const START_ANSWERS: Readonly<Record<StartFault, OwnAnswer>> = {
  "http2": { code: "bad-request", status: 505, detail: "Speak HTTP/1.1: TLS agreed on it." },
  "long-target": {
    code: "too-large",
    status: 414,
    detail: `Send at most ${MAX_HEAD_BYTES} bytes.`,
  },
  "large-head": { code: "too-large", status: 431, detail: `Send at most ${MAX_HEAD_BYTES} bytes.` },
};

/** What the runtime's server answers by itself to what is no request, and then ends the connection. */
const BARE_REFUSAL = /^HTTP\/1\.1 4\d\d [^\r\n]*\r\n(?:[^\r\n]+\r\n)*content-length: 0\r\n/;

/** Longest of such answers, with room to spare. */
const BARE_REFUSAL_BYTES = 250;

/** Whether bytes are such an answer, which has no words for a person. */
export function isBareRefusal(bytes: Uint8Array): boolean {
  if (bytes.length > BARE_REFUSAL_BYTES || bytes[9] !== 0x34) return false;
  return BARE_REFUSAL.test(latin1(bytes, 0, bytes.length));
}

/** What the runtime's server says by itself once it would read a body that the peer has announced. */
const CONTINUE = new TextEncoder().encode("HTTP/1.1 100 Continue\r\n\r\n");

/** Takes that off the beginning of bytes, and moves the rest there; returns how many those are. */
export function withoutContinue(bytes: Uint8Array): number {
  if (!CONTINUE.every((byte, i) => byte === bytes[i])) return bytes.length;
  bytes.copyWithin(0, CONTINUE.length);
  return bytes.length - CONTINUE.length;
}

/** The answer as a server behind a connection gives it. */
export function ownResponse(answer: OwnAnswer): Response {
  const { status, fields, body } = parts(answer);
  return new Response(body, { status, headers: fields });
}

/** The answer as its bytes. */
export function ownAnswer(answer: OwnAnswer): Uint8Array<ArrayBuffer> {
  const { status, fields, body } = parts(answer);
  const bytes = new TextEncoder().encode(body);
  const head = [
    `HTTP/1.1 ${status} ${REASONS[status] ?? ""}`,
    ...Object.entries(fields).map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${bytes.length}`,
    `Date: ${new Date().toUTCString()}`,
    "\r\n",
  ].join("\r\n");
  return new TextEncoder().encode(head + body);
}

function parts({ code, status = PROBLEMS[code].status, detail, retryAfterS }: OwnAnswer) {
  return {
    status,
    body: JSON.stringify({ ...problemOf(code, detail), status }),
    fields: {
      "Content-Type": "application/problem+json",
      "Cache-Control": "no-store",
      "Connection": "close",
      ...(retryAfterS !== undefined && { "Retry-After": String(retryAfterS) }),
    },
  };
}
