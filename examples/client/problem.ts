import { TLS_FAULTS, withoutAddress } from "../../lib/net/network_cause.ts";
import { PROBLEM_TYPE } from "../../lib/wire/problems.ts";
import { withoutUnseen } from "../../lib/wire/unseen.ts";

/** A refusal of the relay (RFC 9457), made for showing to a person. */
export class RelayProblem extends Error {
  override readonly name = "RelayProblem";
  /** Last part of the problem's type, such as `rate-limited`; empty when the relay told none. */
  readonly code: string;
  /** HTTP status. */
  readonly status: number;
  /** How long the relay asks to wait, milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(options: {
    code: string;
    status: number;
    title: string;
    detail?: string;
    retryAfterMs?: number;
  }) {
    const { code, status, title, detail, retryAfterMs } = options;
    super(
      [title, detail].filter((part) => part !== undefined && part !== "").map(shown).join(": "),
    );
    this.code = code;
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The relay could not be asked at all. */
export class RelayUnreachable extends Error {
  override readonly name = "RelayUnreachable";
}

/** Longest title, and longest detail, that is shown; a relay's pages fit many times over. */
const MAX_SHOWN = 500;

/** Reads an error answer: problem+json, or whatever a proxy before the relay may have sent. */
export function readProblem(
  status: number,
  body: string,
  retryAfterMs: number | undefined,
): RelayProblem {
  let told: { type?: unknown; title?: unknown; detail?: unknown } = {};
  try {
    const value = JSON.parse(body);
    if (typeof value === "object" && value !== null) told = value;
  } catch {
    // Not the relay's own words: the status has to say it.
  }
  const type = typeof told.type === "string" ? told.type : "";
  return new RelayProblem({
    code: type.startsWith(PROBLEM_TYPE) ? shown(type.slice(PROBLEM_TYPE.length)) : "",
    status,
    title: typeof told.title === "string" ? told.title : `The relay answered with status ${status}`,
    detail: typeof told.detail === "string" ? told.detail : undefined,
    retryAfterMs,
  });
}

/** Text of somebody else, bounded, in one line, and without what moves a terminal's cursor or turns text around. */
export function shown(text: unknown): string {
  return withoutUnseen(String(text).slice(0, MAX_SHOWN));
}

/** A `Retry-After` value (RFC 9110 section 10.2.3) in milliseconds; undefined if it is none. */
export function readRetryAfter(value: string | null, now: number): number | undefined {
  if (value === null) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  // `Date.parse` finds a date in nearly anything.
  const at = value.endsWith(" GMT") ? Date.parse(value) : NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

/** Turns what `fetch` threw into words with a fix. */
export function unreachable(relay: URL, error: unknown): RelayUnreachable {
  const cause = (error as Error).cause;
  const text = cause instanceof Error ? cause.message : (error as Error).message;
  return new RelayUnreachable(
    `Cannot reach the relay at ${relay.origin}: ${fix(withoutAddress(text))}`,
    {
      cause: error,
    },
  );
}

function fix(text: string): string {
  // Its text quotes names, whose words are no cause.
  if (TLS_FAULTS.otherName.test(text)) {
    return "its certificate is for another name; check the address";
  }
  if (/UnknownIssuer|unable to get local issuer|self.signed/i.test(text)) {
    return "its certificate is signed by nobody this computer trusts; " +
      "for a relay with an authority of its own, name that with --ca FILE";
  }
  if (TLS_FAULTS.expired.test(text)) {
    return "its certificate has expired; check this computer's clock";
  }
  if (TLS_FAULTS.notYetValid.test(text)) {
    return "its certificate is not valid yet; check this computer's clock";
  }
  if (TLS_FAULTS.noTls.test(text)) {
    return "what answers there speaks no TLS; check the address and its port, and whether this network " +
      "wants a log-in first";
  }
  if (/dns error|lookup address/i.test(text)) {
    return "the name is not known; check the address and the network";
  }
  if (/proxy server|tunnel/i.test(text)) {
    return "the proxy that HTTPS_PROXY or ALL_PROXY names does not lead there; unset that, or put the " +
      "relay's host into NO_PROXY";
  }
  if (/refused/i.test(text)) return "nothing listens there; check the address and its port";
  if (/close_notify|UnexpectedEof|connection (closed|reset)|reset by peer/i.test(text)) {
    return "the connection broke off; try again in a moment";
  }
  if (/timed? ?out|TimeoutError/i.test(text)) return "no answer in time; check the network";
  return shown(text);
}
