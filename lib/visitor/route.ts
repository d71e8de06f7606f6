import { labelBelow, partsBelow } from "../wire/names.ts";

/** Where a connection goes by the host name that it asks for. */
export type Target =
  /** `isOwnName` where the relay has no certificate for the name, and so no page. */
  | { to: "user"; username: string; isOwnName?: true }
  | { to: "control" }
  | { to: "landing" }
  /** A name of ours that nobody can have. */
  | { to: "unknown" }
  /** A name that is not ours, or none. */
  | { to: "foreign" };

/** A single label as browsers take one: more than a host name may have (RFC 1123 section 2.1). */
const LABEL = /^[a-z0-9_-]{1,63}$/;

/** Options for {@linkcode route}. */
export interface RouteOptions {
  /** Lower case, without a trailing dot. */
  baseDomain: string;
  isUsername: (label: string) => boolean;
  /** Whose own domain it is, lower case; from memory. @default nobody has any */
  ownerOf?: (domain: string) => string | undefined;
  /** Whether names below that user's lead to them as well; from memory. @default nobody has any */
  hasNamesBelow?: (username: string) => boolean;
}

/**
 * The target of a host name (PROTOCOL section 4).
 *
 * @param serverName lower case, without a trailing dot; absent when none was sent.
 */
export function route(serverName: string | undefined, options: RouteOptions): Target {
  const { baseDomain, isUsername, ownerOf, hasNamesBelow } = options;
  if (serverName === undefined) return { to: "foreign" };
  if (serverName === baseDomain) return { to: "landing" };
  const label = labelBelow(serverName, baseDomain);
  if (label === undefined) {
    const username = ownerOf?.(serverName);
    return username === undefined ? { to: "foreign" } : { to: "user", username, isOwnName: true };
  }
  if (label === "relay") return { to: "control" };
  if (isUsername(label)) return { to: "user", username: label };
  const below = partsBelow(label);
  if (below !== undefined && isUsername(below.username) && hasNamesBelow?.(below.username)) {
    return { to: "user", username: below.username, isOwnName: true };
  }
  return LABEL.test(label) ? { to: "unknown" } : { to: "foreign" };
}

/** Whether a host is ours to redirect to https: BASE, a name below it, or a user's own domain. */
export function isOurHost(
  host: string,
  { baseDomain, ownerOf }: Pick<RouteOptions, "baseDomain" | "ownerOf">,
): boolean {
  return host === baseDomain || labelBelow(host, baseDomain) !== undefined ||
    ownerOf?.(host) !== undefined;
}
