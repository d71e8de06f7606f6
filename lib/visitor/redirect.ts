import { MAX_HTTP_HEAD_BYTES } from "../wire/http_request.ts";
import { urlOf } from "../wire/names.ts";
import { isOurHost, type RouteOptions } from "./route.ts";

/** Options for {@linkcode redirectToHttps}. */
export interface RedirectOptions extends Pick<RouteOptions, "baseDomain" | "ownerOf"> {
  /** Port at which visitors reach the hub. */
  publicPort: number;
}

/**
 * The answer to a plain HTTP request: 308 to the same path on https for hosts of ours, else 400
 * (PROTOCOL section 4).
 */
export function redirectToHttps(
  request: { method: string; host?: string; target: string } | undefined,
  options: RedirectOptions,
): Uint8Array {
  const { publicPort } = options;
  const host = request?.host;
  const isHead = request?.method === "HEAD";
  if (request === undefined || host === undefined || !isOurHost(host, options)) {
    const body = "This address serves encrypted pages only: use https.\n";
    return answer("400 Bad Request", [], body, isHead);
  }
  const location = `${urlOf(host, publicPort)}${request.target}`;
  const body = `Moved to ${location}\n`;
  return answer("308 Permanent Redirect", [`Location: ${location}`], body, isHead);
}

/** The answer to a plain HTTP request whose head is longer than is read. */
export function headTooLarge(): Uint8Array {
  const body = `Send at most ${MAX_HTTP_HEAD_BYTES} bytes of request line and header fields.\n`;
  return answer("400 Bad Request", [], body, false);
}

/** The answer to a plain HTTP request that is passed on to a server which cannot be reached. */
export function badGateway(method: string): Uint8Array {
  const body = "The server of this host cannot be reached.\n";
  return answer("502 Bad Gateway", [], body, method === "HEAD");
}

/** The answer to HEAD has the length that GET's has, and not the body (RFC 9110 section 9.3.2). */
function answer(status: string, headers: string[], body: string, isHead: boolean): Uint8Array {
  return new TextEncoder().encode(
    [
      `HTTP/1.1 ${status}`,
      ...headers,
      `Date: ${new Date().toUTCString()}`,
      "Content-Type: text/plain; charset=utf-8",
      `Content-Length: ${body.length}`,
      "Connection: close",
      "",
      isHead ? "" : body,
    ].join("\r\n"),
  );
}
