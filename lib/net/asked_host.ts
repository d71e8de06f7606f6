import { splitAuthority } from "../wire/http_request.ts";

/** Whom a request is for; `host` is lower case, without port and trailing dot. */
export type AskedHost =
  | { state: "host"; host: string }
  /** The request names no host. */
  | { state: "none" }
  /** What it names is no host, or no http address. */
  | { state: "bad" };

const NONE: AskedHost = { state: "none" };
const BAD: AskedHost = { state: "bad" };

/**
 * The host that a request is for, of `Deno.serve` on a Unix socket: that of an absolute-form target,
 * which stands above the Host field (RFC 9112 section 3.2.2), else the field's.
 */
export function askedHost(request: Request): AskedHost {
  const field = request.headers.get("Host");
  if (field !== null && splitAuthority(field) === undefined) return BAD;
  const [, authority] = /^http(?:\+unix|s)?:\/\/([^/?#]*)/i.exec(request.url) ?? [];
  if (authority === undefined) return BAD;
  // The runtime puts the socket's path there, with every slash escaped.
  const absent = authority.startsWith("%2F") && !field;
  const found = splitAuthority(absent ? "" : authority);
  if (found === undefined) return BAD;
  return found.host === undefined ? NONE : { state: "host", host: found.host };
}
