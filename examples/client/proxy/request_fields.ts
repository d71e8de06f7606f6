import type { VisitorRequest } from "../front/exchange.ts";
import { framed, type Framing } from "../http/body.ts";
import {
  endToEnd,
  endToEndTrailers,
  type Field,
  listOf,
  valuesOf,
  without,
} from "../http/fields.ts";
import { type Addresses, appUrl } from "./public_address.ts";

/**
 * What only a proxy may say, by the names that apps and frameworks believe: a visitor's own claims
 * about who they are or how they came are dropped. `Proxy` would become HTTP_PROXY in a CGI program
 * (httpoxy, CVE-2016-5385).
 */
const SAID_BY_PROXIES = new RegExp(
  "^(?:forwarded|forwarded-for|via|proxy|x-forwarded|x-forwarded-.*|x-real-ip|(?:.*-)?client-ip|" +
    "x-remote-ip|x-remote-addr|x-originating-ip|x-original-forwarded-for|x-envoy-external-address|" +
    "cf-connecting-ip(?:v6)?|x-azure-clientip|x-appengine-user-ip|x-glosson-.*)$",
);

/** Whether a visitor's field of this name stays here. */
function isDropped(name: string): boolean {
  // CGI and WSGI cannot tell X_Forwarded_For from X-Forwarded-For (RFC 3875 section 4.1.18).
  return name === "host" || name.includes("_") || SAID_BY_PROXIES.test(name);
}

/** Fields that hold a URL of the page, in which an app looks for itself. */
const WITH_OWN_URL = /^(?:origin|referer|destination|if)$/;

/**
 * The fields of a visitor's request as the app gets them, framing and all.
 *
 * The visitor is the only source of `X-Forwarded-For` and `X-Real-IP`, as the relay saw it.
 *
 * @param address the visitor's, absent when the relay did not tell.
 */
export function requestFields(
  request: Pick<VisitorRequest, "fields" | "upgrades">,
  framing: Framing,
  addresses: Addresses,
  address: string | undefined,
): Field[] {
  const { fields } = request;
  const sees = without(endToEnd(fields), isDropped);
  const own: Field[] = [
    ...(address === undefined
      ? []
      : [["X-Forwarded-For", address], ["X-Real-IP", address]] as const),
    ...publicName(addresses),
    ...sameOrigin(fields, addresses.host),
  ];
  return [
    ["Host", addresses.sentHost],
    ...framed(sees.map((field) => mapped(field, addresses)), framing),
    ...own,
    ...ofConnection(request),
  ];
}

/** A request's trailers as the app gets them: some take those for fields of its head. */
export function requestTrailers(trailers: readonly Field[]): Field[] {
  return without(endToEndTrailers(trailers), isDropped);
}

/** What the connection to the app is for: one exchange, so that none meets one that the app gave up. */
function ofConnection({ fields, upgrades }: Pick<VisitorRequest, "fields" | "upgrades">): Field[] {
  if (upgrades) {
    return [["Connection", "Upgrade"], ["Upgrade", valuesOf(fields, "upgrade").join(", ")]];
  }
  // Fields behind a body reach the visitor, so the app may know who takes them.
  return listOf(fields, "te").includes("trailers")
    ? [["Connection", "close, TE"], ["TE", "trailers"]]
    : [["Connection", "close"]];
}

/**
 * What visitors call the page. An app that is told an address of its own hears of no other: many compare `Origin`,
 * which is translated to that one, with these before they look at `Host`.
 */
function publicName(addresses: Addresses): Field[] {
  if (isRenamed(addresses)) return [];
  return [["X-Forwarded-Host", addresses.host], ["X-Forwarded-Proto", "https"]];
}

function isRenamed({ host, sentHost }: Addresses): boolean {
  return sentHost.toLowerCase() !== host.toLowerCase();
}

/** What browsers say by themselves, for those that do not (Fetch Metadata, section 2.3). */
function sameOrigin(fields: readonly Field[], host: string): Field[] {
  const [origin] = valuesOf(fields, "origin");
  if (origin === undefined || valuesOf(fields, "sec-fetch-site").length > 0) return [];
  // An app that takes itself to be at http:// can see by no other field that this is its own page.
  return origin.toLowerCase() === `https://${host.toLowerCase()}`
    ? [["Sec-Fetch-Site", "same-origin"]]
    : [];
}

function mapped([name, value]: Field, addresses: Addresses): Field {
  const key = name.toLowerCase();
  if (!WITH_OWN_URL.test(key)) return [name, value];
  switch (key) {
    // WebDAV servers compare it, scheme and all, with what they were asked by (RFC 4918 section 10.3).
    case "destination":
      return [name, appUrl(value, addresses)];
    case "if":
      return [name, value.replace(/<(https:[^<>]*)>/gi, (_, url) => `<${appUrl(url, addresses)}>`)];
    default:
      return [name, isRenamed(addresses) ? appUrl(value, addresses) : value];
  }
}
