import { urlOf } from "../wire/names.ts";
import { isOurHost } from "./route.ts";

/** Options for {@linkcode redirectToHttps}. */
export interface RedirectOptions {
  baseDomain: string;
  /** Port at which visitors reach the hub. */
  publicPort: number;
}

/**
 * The answer to a plain HTTP request: 308 to the same path on https for hosts of ours, else 400
 * (PROTOCOL section 4).
 */
export function redirectToHttps(
  request: { host?: string; target: string } | undefined,
  options: RedirectOptions,
): Uint8Array {
  const { baseDomain, publicPort } = options;
  const host = request?.host;
  if (request === undefined || host === undefined || !isOurHost(host, baseDomain)) {
    return answer("400 Bad Request", [], "This address serves encrypted pages only: use https.\n");
  }
  const location = `${urlOf(host, publicPort)}${request.target}`;
  return answer("308 Permanent Redirect", [`Location: ${location}`], `Moved to ${location}\n`);
}

/** The answer to a plain HTTP request that is passed on to a server which cannot be reached. */
export function badGateway(): Uint8Array {
  return answer("502 Bad Gateway", [], "The server of this host cannot be reached.\n");
}

function answer(status: string, headers: string[], body: string): Uint8Array {
  return new TextEncoder().encode(
    [
      `HTTP/1.1 ${status}`,
      ...headers,
      "Content-Type: text/plain; charset=utf-8",
      `Content-Length: ${body.length}`,
      "Connection: close",
      "",
      body,
    ].join("\r\n"),
  );
}
