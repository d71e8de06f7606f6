/**
 * The pages of this program's own, in the relay's look.
 *
 * @module
 */
import { type Answer, responseTo } from "../../../lib/look/answer.ts";
import { withPageHeaders } from "../../../lib/look/headers.ts";
import { type Asked, askedBy } from "../../../lib/look/tell.tsx";
import type { Exchange } from "../front/exchange.ts";
import { siteHandler, type SiteRequest } from "../front/site.ts";

/** For whom a page is made, and where. */
export interface AskedHere extends Asked {
  /** The host that was asked for, with its port where that is not 443. */
  host: string;
}

/** Makes a page for who asks. */
export type MakePage = (asked: AskedHere) => Answer;

/** Answers a request with a page of this program's own, in the form that is of use to who asks. */
export function ownPage(request: SiteRequest, make: MakePage): Response {
  const { host } = new URL(request.url);
  return withPageHeaders(responseTo(request, make({ ...askedBy(request), host })));
}

/** {@linkcode ownPage} in the place of an app's answer; the body of the request is not read. */
export function answerOwnPage(exchange: Exchange, make: MakePage): Promise<void> {
  return siteHandler((request) => ownPage(request, make))(exchange);
}
