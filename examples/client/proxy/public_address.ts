import type { Upstream } from "./upstream.ts";

/** The two addresses of a page: what visitors call it, and what the app is told that it is called. */
export interface Addresses {
  /** Host, with a port if the visitor named one. */
  host: string;
  /** What the app gets as `Host`. */
  sentHost: string;
  upstream: Upstream;
}

/** URLs within a value, up to what ends one in a header: `http`, `https`, and what WebSockets have. */
const WITHIN = /(?<![\w+.-])((?:https?|wss?):)?\/\/([^\s"',;<>/?#\\]+)/gi;

/** Names of this computer, for itself only: that of every address, where it listens, among them. */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|0\.0\.0\.0|\[?::1?\]?)$/i;

const ABSOLUTE = /^(https?:)?\/\/([^/?#\\]*)(.*)$/i;

/**
 * A URL of an app as visitors can use it: where it is the app's own, under whatever name, it is given
 * the page's. Another's, and one without a host, stay as they are.
 */
export function publicUrl(url: string, addresses: Addresses): string {
  const [, , authority, rest] = ABSOLUTE.exec(url) ?? [];
  if (authority === undefined || !isOwn(authority.toLowerCase(), addresses)) return url;
  return `https://${addresses.host}${rest}`;
}

/** A value with URLs in it, those of the app as visitors can use them: {@linkcode publicUrl} of each. */
export function withPublicUrls(value: string, addresses: Addresses): string {
  return value.replace(WITHIN, (whole, scheme: string | undefined, authority: string) => {
    if (!isOwn(authority.toLowerCase(), addresses)) return whole;
    const isSocket = scheme !== undefined && /^ws/i.test(scheme);
    return `${isSocket ? "wss" : "https"}://${addresses.host}`;
  });
}

function isOwn(authority: string, { host, sentHost, upstream }: Addresses): boolean {
  const { name, port } = split(authority);
  if (authority === sentHost.toLowerCase() || authority === upstream.host) return true;
  // nginx, for one, puts its own port behind the name that it was asked for.
  const ports = ["", "80", "443", String(upstream.port), split(host).port];
  const asked = split(sentHost).port === "" ? [host, sentHost] : [host];
  if (asked.some((given) => split(given).name === name)) return ports.includes(port);
  // A port that is left out is the one of `http`, as which apps mostly know themselves, or the app's.
  const implied = upstream.port === 443 ? "443" : "80";
  return LOOPBACK.test(name) && LOOPBACK.test(upstream.hostname) &&
    (port || implied) === String(upstream.port);
}

function split(authority: string): { name: string; port: string } {
  const [, name = "", port = ""] = /^(.*?)(?::(\d*))?$/.exec(authority.toLowerCase()) ?? [];
  return { name: name.replace(/\.$/, ""), port };
}

/** A URL of the page as the app knows itself; another's stays as it is. */
export function appUrl(url: string, { host, sentHost, upstream }: Addresses): string {
  const [, protocol, authority, rest] = ABSOLUTE.exec(url) ?? [];
  if (protocol?.toLowerCase() !== "https:" || authority!.toLowerCase() !== host.toLowerCase()) {
    return url;
  }
  return `${upstream.protocol}//${sentHost}${rest}`;
}

/** A `Set-Cookie` without a domain that is the app's own address, which no browser would take here. */
export function publicCookie(cookie: string, { host, sentHost, upstream }: Addresses): string {
  return cookie.replace(/;\s*domain\s*=\s*\.?([^;]*)/gi, (whole, domain: string) => {
    const name = domain.trim().toLowerCase();
    if (LOOPBACK.test(name)) return "";
    const own = [upstream.hostname.toLowerCase(), split(sentHost).name];
    const isOwn = own.some((given) => isWithin(given, name));
    return isOwn && !isWithin(split(host).name, name) ? "" : whole;
  });
}

/** Whether a name is this domain or below it. */
function isWithin(name: string, domain: string): boolean {
  return name === domain || name.endsWith(`.${domain}`);
}
