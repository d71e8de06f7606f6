import type { JSX } from "hono/jsx/jsx-runtime";
import { PROBLEM_TYPE } from "../wire/problems.ts";
import { askerOf } from "./asker.ts";
import type { Language } from "./language.ts";
import { PAGE_HEADER } from "./retry_script.ts";

/** A page with its status, and seconds to wait where it will pass. */
export interface Answer {
  status: number;
  /** Word that names the page. */
  page: string;
  language: Language;
  body: JSX.Element;
  /** The same in a sentence, for who has no use for a page. */
  text: string;
  retryAfterS?: number;
}

/**
 * The response for an answer, in a form that is of use to who asks: a page for a person, a problem
 * (RFC 9457) for a program, a line of text where a part of a page is expected.
 *
 * So an installed web app keeps what it has: a browser drops a service worker, an icon or a manifest
 * for what it can take for another one, never for a line of text with 503.
 *
 * @param request decides the form, unless the status is 200.
 */
export function responseTo(
  request: Pick<Request, "method" | "headers">,
  { status, page, language, body, text, retryAfterS }: Answer,
): Response {
  const headers = new Headers({ [PAGE_HEADER]: page });
  if (retryAfterS !== undefined) headers.set("Retry-After", String(retryAfterS));
  const asker = status === 200 ? "navigation" : askerOf(request);
  if (asker === "navigation") {
    headers.set("Content-Type", "text/html; charset=UTF-8");
    headers.set("Content-Language", language);
    return new Response(`<!DOCTYPE html>${body}`, { status, headers });
  }
  if (asker === "part") {
    headers.set("Content-Type", "text/plain; charset=UTF-8");
    return new Response(`${text}\n`, { status, headers });
  }
  const detail = retryAfterS === undefined ? text : `${text} Try again in ${retryAfterS} seconds.`;
  // `error` is what apps' own scripts look for in an answer that is none.
  const problem = { type: PROBLEM_TYPE + page, title: text, status, detail, error: text };
  headers.set("Content-Type", "application/problem+json");
  return new Response(JSON.stringify(problem), { status, headers });
}
