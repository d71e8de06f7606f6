/**
 * Reads the address of a relay as a person types it: `https` may be left out, a path may not be
 * given.
 *
 * @throws {TypeError} if it is no such address.
 */
export function relayUrl(text: string): URL {
  const url = URL.parse(text.includes("://") ? text : `https://${text}`);
  if (url === null) throw new TypeError(`Cannot read relay address: "${text}" is no URL`);
  if (url.protocol !== "https:") {
    throw new TypeError(
      `Cannot use relay address ${text}: it must begin with https://, the token would travel in the open`,
    );
  }
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "" || url.username !== "") {
    throw new TypeError(`Cannot use relay address ${text}: it is a host and port only`);
  }
  return url;
}

/**
 * The host to connect to for a name that a relay announced.
 *
 * Every `*.localhost` name means this machine (RFC 6761 section 6.3), but many system resolvers do
 * not know any: such names become an address here.
 */
export function connectHost(hostname: string): string {
  const name = hostname.toLowerCase().replace(/\.$/, "");
  return name === "localhost" || name.endsWith(".localhost") ? "127.0.0.1" : hostname;
}

/** Whether {@linkcode connectHost} must be used instead of the system's resolver. */
export function isLocalhostName(hostname: string): boolean {
  return hostname.toLowerCase().replace(/\.$/, "").endsWith(".localhost");
}

/** Where TCP connections to a relay go, unless to another host of it. */
export function dialPlace(
  relay: URL,
  host = connectHost(relay.hostname),
): { hostname: string; port: number } {
  return { hostname: host.replace(/^\[(.*)\]$/, "$1"), port: Number(relay.port || 443) };
}
