import type { Visitor } from "./front.ts";

/** Headers that belong to one connection and are not passed on (RFC 9110 section 7.6.1). */
const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** What only a proxy may say: a visitor's own claims about itself are dropped. */
const SAID_BY_PROXIES = /^(?:forwarded|x-forwarded-.*|x-real-ip|via)$/;

/** Name and value pairs without what belongs to one connection; names in lower case. */
export function endToEnd(headers: Iterable<[string, string]>): [string, string][] {
  const all = [...headers].map(([name, value]): [string, string] => [name.toLowerCase(), value]);
  const named = new Set(
    all.filter(([name]) => name === "connection")
      .flatMap(([, value]) => value.toLowerCase().split(",").map((word) => word.trim())),
  );
  return all.filter(([name]) => !HOP_BY_HOP.has(name) && !named.has(name));
}

/**
 * The headers of a visitor's request as the upstream gets them.
 *
 * The visitor is the only source of `X-Forwarded-For`, as the relay saw it (and absent when it did
 * not); `Host` is left to the connection to the upstream.
 */
export function forwardedHeaders(request: Request, visitor: Visitor): Record<string, string> {
  const passed = endToEnd(request.headers)
    .filter(([name]) => name !== "host" && !SAID_BY_PROXIES.test(name));
  return {
    ...Object.fromEntries(passed),
    ...(visitor.address === undefined ? {} : { "x-forwarded-for": visitor.address }),
    "x-forwarded-host": new URL(request.url).host,
    "x-forwarded-proto": "https",
  };
}
