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

/** A host with its port, where that is not the one of https. */
export function authorityOf(host: string, port: number): string {
  return port === 443 ? host : `${host}:${port}`;
}

/** The https address of a host. */
export function urlOf(host: string, port: number): string {
  return `https://${authorityOf(host, port)}`;
}
