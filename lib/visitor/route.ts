/** Where a connection goes by the host name that it asks for. */
export type Target =
  | { to: "user"; username: string }
  | { to: "control" }
  | { to: "landing" }
  /** A name that is not ours, or none. */
  | { to: "foreign" };

/** Options for {@linkcode route}. */
export interface RouteOptions {
  /** Lower case, without a trailing dot. */
  baseDomain: string;
  isUsername: (label: string) => boolean;
}

/**
 * The target of a host name (PROTOCOL section 4).
 *
 * @param serverName lower case, without a trailing dot; absent when none was sent.
 */
export function route(serverName: string | undefined, options: RouteOptions): Target {
  const { baseDomain, isUsername } = options;
  if (serverName === baseDomain) return { to: "landing" };
  if (!serverName?.endsWith(`.${baseDomain}`)) return { to: "foreign" };
  const label = serverName.slice(0, -baseDomain.length - 1);
  if (label === "relay") return { to: "control" };
  return isUsername(label) ? { to: "user", username: label } : { to: "foreign" };
}

/** Whether a host is ours to redirect to https: BASE or a name below it. */
export function isOurHost(host: string, baseDomain: string): boolean {
  return host === baseDomain || host.endsWith(`.${baseDomain}`);
}
