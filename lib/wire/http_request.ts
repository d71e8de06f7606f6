import { formatIp, parseIp } from "./ip_address.ts";
import { latin1 } from "./latin1.ts";
import { normalizeServerName } from "./server_name.ts";

/** Longest request head that is read, in bytes. */
export const MAX_HTTP_HEAD_BYTES = 32_768;

/** Longest method that is taken for one; the longest registered is 17 characters. */
const MAX_METHOD_BYTES = 32;

/** What the first bytes of a connection are as an HTTP/1 request. */
export type HttpResult =
  /** A request so far, its head not yet complete. */
  | { state: "more" }
  /**
   * A request. `target` is its path and query and begins with `/`, bytes above ASCII percent-encoded;
   * `host` is lower case, without port and trailing dot, absent when the request names none.
   */
  | { state: "request"; method: string; target: string; host?: string; port?: number }
  /** Not HTTP. */
  | { state: "no" }
  /** HTTP, but a request to answer 400. */
  | { state: "bad" }
  /** HTTP, but a head to answer 431. */
  | { state: "large" };

const MORE: HttpResult = { state: "more" };
const NO: HttpResult = { state: "no" };
const BAD: HttpResult = { state: "bad" };
const LARGE: HttpResult = { state: "large" };

/** Field names and methods (RFC 9110 section 5.6.2). */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Path, query and what some programs send behind them. No space and control, so that it can stand in a header. */
const ORIGIN_FORM = /^\/[!-~]*$/;

/**
 * Reads the head of an HTTP/1.0 or 1.1 request (RFC 9112), as far as a redirect needs it.
 *
 * `no` comes as soon as the bytes cannot begin a request line, `bad` for a wrong request line with its end,
 * `large` once {@linkcode MAX_HTTP_HEAD_BYTES} have come without the head's end, everything else once that is
 * complete. What follows the head is ignored. An absolute-form target stands above the Host field
 * (section 3.2.2).
 */
export function parseHttpRequest(bytes: Uint8Array): HttpResult {
  const start = latin1(bytes, 0, Math.min(bytes.length, MAX_METHOD_BYTES + 1));
  const space = start.indexOf(" ");
  const method = space === -1 ? start : start.slice(0, space);
  if (method.length > MAX_METHOD_BYTES) return NO;
  if (bytes.length > 0 && !TOKEN.test(method)) return NO;
  const lineEnd = bytes.subarray(0, MAX_HTTP_HEAD_BYTES).indexOf(0x0a);
  if (lineEnd === -1) return bytes.length < MAX_HTTP_HEAD_BYTES ? MORE : LARGE;
  // A line ends in CRLF or LF (RFC 9112 section 2.2); any other CR is refused.
  const requestLine = latin1(bytes, 0, lineEnd).replace(/\r$/, "");
  const parts = /^[^ ]+ ([^ ]+) HTTP\/1\.([01])$/.exec(requestLine);
  // Other protocols also begin with a word and a space (`SSH-2.0-x Debian`).
  if (parts === null) return / HTTP\/\S+$|^\S+ \//.test(requestLine) ? BAD : NO;
  const end = headEnd(bytes.subarray(0, MAX_HTTP_HEAD_BYTES));
  if (end === -1) return bytes.length < MAX_HTTP_HEAD_BYTES ? MORE : LARGE;
  const fields = latin1(bytes, lineEnd + 1, end).split(/\r?\n/).slice(0, -2);
  const found = splitTarget(method, parts[1]!);
  const hosts = fieldValues(fields, "host");
  if (found === undefined || hosts === undefined || hosts.length > 1) return BAD;
  if (hosts.length === 0 && parts[2] === "1") return BAD;
  const headerHost = splitAuthority(hosts[0] ?? "");
  const targetHost = splitAuthority(found.authority ?? "");
  if (headerHost === undefined || targetHost === undefined) return BAD;
  const host = found.authority === undefined ? headerHost : targetHost;
  return { state: "request", method, target: found.target, ...host };
}

/**
 * Reads the head of a request that comes in pieces, as {@linkcode parseHttpRequest} does of all that has come: looks
 * at that as a whole only where the next bytes may decide what it is, and not for each of them.
 */
export class HttpRequestReader {
  /** How many bytes were looked at. */
  #looked = 0;
  #hasLine = false;

  /**
   * What has come so far.
   *
   * @param bytes all of it, that of earlier calls included.
   */
  push(bytes: Uint8Array): HttpResult {
    const mayDecide = this.#mayDecide(bytes);
    this.#looked = bytes.length;
    if (!mayDecide) return MORE;
    this.#hasLine = bytes.includes(0x0a);
    return parseHttpRequest(bytes);
  }

  /** Whether the new bytes end the request line, or the head, or may make it something else. */
  #mayDecide(bytes: Uint8Array): boolean {
    const looked = this.#looked;
    if (looked <= MAX_METHOD_BYTES || bytes.length >= MAX_HTTP_HEAD_BYTES) return true;
    if (!this.#hasLine) return bytes.includes(0x0a, looked);
    // The line end before an empty line may have come earlier.
    return headEnd(bytes.subarray(looked - "\n\r".length)) !== -1;
  }
}

/** Where the head ends, its empty line included; -1 when it has not come. */
function headEnd(bytes: Uint8Array): number {
  // indexOf runs over lines at memory speed, so that asking again for every byte stays cheap.
  for (let at = bytes.indexOf(0x0a); at !== -1; at = bytes.indexOf(0x0a, at + 1)) {
    if (bytes[at + 1] === 0x0a) return at + 2;
    if (bytes[at + 1] === 0x0d && bytes[at + 2] === 0x0a) return at + 3;
  }
  return -1;
}

/** Splits a request target (RFC 9112 section 3.2); nothing for one that has no path on a host. */
function splitTarget(
  method: string,
  target: string,
): { target: string; authority?: string } | undefined {
  if (target === "*" && method === "OPTIONS") return { target: "/" };
  const absolute = /^https?:\/\/([^/?#]+)(.*)$/i.exec(target);
  const sent = absolute === null ? target : absolute[2]!.replace(/^(?!\/)/, "/");
  // What browsers make of the characters that people, and some programs, leave as they are.
  const path = sent.replace(
    /[\x80-\xff]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  if (!ORIGIN_FORM.test(path)) return undefined;
  return absolute === null ? { target: path } : { target: path, authority: absolute[1]! };
}

/** Values of the fields called `name`; nothing when any field line is malformed. */
function fieldValues(lines: string[], name: string): string[] | undefined {
  const values: string[] = [];
  for (const line of lines) {
    const colon = line.indexOf(":");
    // Folded lines and a space before the colon fail here too (RFC 9112 sections 5.1 and 5.2).
    if (!TOKEN.test(line.slice(0, Math.max(colon, 0)))) return undefined;
    const value = line.slice(colon + 1);
    // deno-lint-ignore no-control-regex -- control characters are what is refused
    if (/[\0-\x08\x0a-\x1f\x7f]/.test(value)) return undefined;
    if (line.slice(0, colon).toLowerCase() === name) values.push(value.trim());
  }
  return values;
}

/**
 * Splits `host[:port]` (RFC 9110 section 7.2); empty for empty text, nothing for a wrong one.
 *
 * The host is lower case, without a trailing dot; an IPv6 address keeps its brackets.
 */
export function splitAuthority(text: string): { host?: string; port?: number } | undefined {
  if (text === "") return {};
  const match = /^(\[[^\]]*\]|[^:]+)(?::(\d{0,5}))?$/.exec(text);
  if (match === null) return undefined;
  const port = match[2] ? Number(match[2]) : undefined;
  if (port !== undefined && port > 65_535) return undefined;
  const host = hostText(match[1]!);
  if (host === undefined) return undefined;
  return port === undefined ? { host } : { host, port };
}

function hostText(text: string): string | undefined {
  if (text.startsWith("[")) {
    const address = parseIp(text.slice(1, -1));
    return address?.length === 16 ? `[${formatIp(address)}]` : undefined;
  }
  const found = normalizeServerName(text);
  return found.ok ? found.name ?? text : undefined;
}
