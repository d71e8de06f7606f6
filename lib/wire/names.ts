/** The host of a user's page. */
export function hostOfUser(username: string, baseDomain: string): string {
  return `${username}.${baseDomain}`;
}

/** The host of the relay's API, which clients' data connections lead to as well by default. */
export function hostOfRelay(baseDomain: string): string {
  return `relay.${baseDomain}`;
}

/**
 * What stands before BASE in a host name: a username, `relay`, or what nobody can have; undefined for
 * BASE itself and hosts that are not below it.
 *
 * @param host lower case, without a trailing dot.
 */
export function labelBelow(host: string, baseDomain: string): string | undefined {
  return host.endsWith(`.${baseDomain}`) ? host.slice(0, -baseDomain.length - 1) : undefined;
}

/** One label as host names have it (RFC 1123 section 2.1), and no punycode, as usernames are none. */
const LABEL = /^(?!..--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Whether a text can stand before a user's host, as in `app.USER.BASE`. */
export function isLabelBelow(text: string): boolean {
  return LABEL.test(text);
}

/**
 * The label and the username of what stands before BASE in a host name below a user's, as `app.kaylee`;
 * undefined where it is anything else.
 */
export function partsBelow(beforeBase: string): { label: string; username: string } | undefined {
  const [label, username, ...more] = beforeBase.split(".");
  if (username === undefined || more.length > 0 || !isLabelBelow(label!)) return undefined;
  return { label: label!, username };
}

/** A host with its port, where that is not the one of https. */
export function authorityOf(host: string, port: number): string {
  return port === 443 ? host : `${host}:${port}`;
}

/** The https address of a host. */
export function urlOf(host: string, port: number): string {
  return `https://${authorityOf(host, port)}`;
}
