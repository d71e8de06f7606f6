/** Why a `fetch` failed. */
export interface NetworkCause {
  /** The cause in a few words, and what fixes it where that can be told. */
  why: string;
  /** Whether the same request may well succeed in a moment. */
  passing: boolean;
  /** Whether it reached no server, which may well be there in a while. */
  away?: boolean;
  /** Whether the server's TLS certificate has an unknown issuer. */
  untrusted?: boolean;
}

/** How Deno words what is wrong with TLS, one version otherwise than another. */
export const TLS_FAULTS = {
  otherName: /not ?valid ?for ?name/i,
  expired: /expired/i,
  notYetValid: /not ?valid ?yet/i,
  noTls: /corrupt message/i,
} as const satisfies Record<string, RegExp>;

/** Causes told by the text that Deno has for them, first match first. */
const CAUSES: readonly [text: RegExp, cause: NetworkCause][] = [
  // Its text quotes names, whose words are no cause.
  [TLS_FAULTS.otherName, {
    why: "its TLS certificate is for another name; check the host name",
    passing: false,
  }],
  // Its text quotes the value, which may be a secret; see headerSecret().
  [/header|ByteString/i, {
    why: "one of the request's headers cannot be sent",
    passing: false,
  }],
  // Deno asks through the proxies that the environment names; which one it was it does not tell.
  [/proxy server|tunnel/i, {
    why:
      "the proxy that HTTP_PROXY, HTTPS_PROXY or ALL_PROXY names does not lead to it; unset that, or put " +
      "its host into NO_PROXY",
    passing: false,
  }],
  [/connection refused/i, {
    why: "connection refused; check that it runs",
    passing: false,
    away: true,
  }],
  [/dns error|failed to lookup|name or service not known|no such host/i, {
    why: "its name cannot be resolved; check the host name and this machine's resolver",
    passing: false,
    away: true,
  }],
  [/ports? \d+ (are|is) blocked/i, {
    why: "no request may go to that port (it belongs to another protocol); use another",
    passing: false,
  }],
  [TLS_FAULTS.expired, {
    why: "its TLS certificate is out of date; check it, and this machine's clock",
    passing: false,
  }],
  [TLS_FAULTS.notYetValid, {
    why: "its TLS certificate is not valid yet; check this machine's clock",
    passing: false,
  }],
  [/UnknownIssuer|self.signed|CaUsedAsEndEntity/i, {
    why: "its TLS certificate is signed by an unknown authority",
    passing: false,
    untrusted: true,
  }],
  [TLS_FAULTS.noTls, {
    why: "what answers there speaks no TLS; check the address and its port",
    passing: false,
  }],
  [/number of redirects/i, {
    why: "it redirects in a circle; check its address",
    passing: false,
  }],
  [/unreachable/i, {
    why: "network unreachable; check this machine's network",
    passing: false,
    away: true,
  }],
  [/reset|closed|broken pipe|unexpected eof|incomplete/i, {
    why: "it closed the connection; look at its log",
    passing: true,
  }],
];

/**
 * Says why a `fetch` failed. Deno puts the cause at the end of a long sentence with the URL in it;
 * people need the end only.
 */
export function networkCause(error: unknown): NetworkCause {
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return { why: "no answer in time; look at its load and its log", passing: true };
  }
  const text = chain(error);
  for (const [pattern, cause] of CAUSES) if (pattern.test(text)) return cause;
  return { why: text.split(": ").slice(-2).join(": "), passing: true };
}

/** A message of `fetch` without the address in it, whose words are no cause. */
export function withoutAddress(message: string): string {
  return message.replace(/ for url \(\S*\)/, "");
}

function chain(error: unknown): string {
  const parts: string[] = [];
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    parts.push(at.message);
  }
  return parts.length > 0 ? parts.map(withoutAddress).join(": ") : String(error);
}
