import { parseIp } from "../wire/ip_address.ts";
import { Problem } from "./problem.ts";

/** Whether a request is for one of these names, by its connection and by itself. */
export function isFor(
  names: readonly string[],
  serverName: string | undefined,
  host: string | undefined,
): boolean {
  if (host === undefined || !names.includes(host)) return false;
  // An IP address is never sent as SNI (RFC 6066 section 3).
  return serverName === undefined ? parseIp(host) !== undefined : serverName === host;
}

/** The answer to a request that is not: 421 (RFC 9110 section 15.5.20). */
export function misdirected(name: string): Response {
  return new Problem("misdirected", `This is the relay's own address, https://${name}/ only.`, {
    headers: { "Connection": "close" },
  }).response();
}
