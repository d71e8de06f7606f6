import { type Framing } from "../http/body.ts";
import type { Field } from "../http/fields.ts";
import { compressed } from "./compress.ts";
import { answerText, type Handler, type Visitor } from "./exchange.ts";
import { Pieces } from "./pieces.ts";

/** What a {@linkcode Site} is told of a request: a whole `Request` takes longer to make than most answers. */
export type SiteRequest = Pick<Request, "method" | "url" | "headers">;

/** Answers a visitor's request from this program itself. */
export type Site = (request: SiteRequest, visitor: Visitor) => Response | Promise<Response>;

/** Names and values that a `Headers` would not take, or that it is not to have. */
const NOT_FOR_SITES = /^(?:content-length|transfer-encoding|connection|upgrade|expect)$/i;

/** Lets a {@linkcode Site} answer; it is not given the body of a request. */
export function siteHandler(site: Site): Handler {
  return async (exchange) => {
    const { request, answer, visitor } = exchange;
    // Not resolved as a reference: one that begins with two slashes would name another host.
    const url = URL.parse(`https://${request.host}${asciiPath(request.target)}`);
    if (url === null) return await answerText(exchange, 400, "That is no address.");
    const headers = new Headers(
      request.fields
        .filter(([name]) => !NOT_FOR_SITES.test(name))
        .map(([name, value]): [string, string] => [name, value]),
    );
    const { method } = request;
    const response = compressed(request, await site({ method, url: url.href, headers }, visitor));
    // Of the body that it has not, a 304 says nothing (RFC 9110 section 15.4.5).
    if (response.status === 304) {
      for (const name of ["content-type", "content-length"]) response.headers.delete(name);
    }
    const fields: Field[] = [...response.headers].map(([name, value]) => [name, value]);
    const framing = framingOf(method, response);
    const length = framing.kind === "length" ? framing.length : undefined;
    const pieces = response.body === null ? undefined : new Pieces(response.body, length);
    const head = { status: response.status, reason: response.statusText, fields };
    try {
      // Most pages are one piece: it goes out with the head.
      let piece = framing.kind === "none" ? undefined : await pieces?.next();
      await answer.begin(head, framing, piece);
      while (piece !== undefined) {
        piece = await pieces!.next();
        if (piece !== undefined) await answer.write(piece);
      }
      await answer.finish([]);
    } finally {
      await pieces?.cancel();
    }
  };
}

/**
 * A target whose bytes a `URL` keeps: it would take one above 127 for a character, and a backslash for
 * a slash.
 */
function asciiPath(target: string): string {
  if (target === "*") return "/";
  return target.replace(/[\\\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16)}`);
}

function framingOf(method: string, { status, headers, body }: Response): Framing {
  if (method === "HEAD" || status === 304 || status === 204) return { kind: "none" };
  if (body === null) return { kind: "length", length: 0 };
  const length = headers.get("content-length");
  return length === null ? { kind: "chunked" } : { kind: "length", length: Number(length) };
}
