import { failure } from "../try_again.ts";
import type { TsigError, TsigKey } from "./tsig.ts";

/** Response codes (RFC 1035 section 4.1.1, RFC 2136 section 2.2). */
export const RCODE = {
  noError: 0,
  formErr: 1,
  servFail: 2,
  nxDomain: 3,
  notImp: 4,
  refused: 5,
  nxRrset: 8,
  notAuth: 9,
} as const;

const NAMES = [
  ...["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET"],
  ...["NXRRSET", "NOTAUTH", "NOTZONE"],
];

/** Who was asked, and as whom. */
export interface Asked {
  /** The server's address. */
  server: string;
  key: Pick<TsigKey, "name" | "algorithm">;
}

/** What allows a key something: statements of named.conf; knot.conf has `acl` for all. */
export type Permission = "allow-query" | "allow-transfer" | "update-policy";

/** What a server may say unsigned, since nobody gains anything by saying it in its place. */
export const REFUSALS: readonly number[] = [
  RCODE.formErr,
  RCODE.servFail,
  RCODE.notImp,
  RCODE.refused,
  RCODE.notAuth,
];

/** The response code as people know it. */
function rcodeName(rcode: number): string {
  return NAMES[rcode] ?? `response code ${rcode}`;
}

/**
 * A response code that was not hoped for, with what fixes it.
 *
 * @param what as in "the server refuses …".
 */
export function refusal(
  rcode: number,
  what: string,
  permission: Permission,
  { server, key }: Asked,
): Error {
  const allow = `let the key ${key.name} do that (${permission} in named.conf, acl in knot.conf)`;
  const fixes: Record<number, string> = {
    [RCODE.servFail]: "look at its log, and whether it can write the zone and its journal",
    [RCODE.notImp]: "it is no server for that",
    [RCODE.refused]: allow,
    [RCODE.notAuth]: `${allow}, and check that it is the primary of that zone`,
  };
  const fix = fixes[rcode] ?? "look at its log";
  const message = `The DNS server at ${server} refuses ${what} (${rcodeName(rcode)}): ${fix}`;
  return failure(message, { passing: rcode === RCODE.servFail });
}

/** An answer that is not what the protocol allows. */
export function unreadable(cause: Error, server: string): Error {
  return new Error(
    `The answer of the DNS server at ${server} cannot be read: ${cause.message}; check GLOSSOND_RFC2136_SERVER`,
    { cause },
  );
}

/** An answer that cannot be relied on, or a request that the server does not rely on. */
export function explainTsig(
  error: TsigError,
  rcode: number,
  asked: Asked,
  now: () => number,
): Error {
  return new Error(tsigText(error, rcode, asked, now), { cause: error });
}

function tsigText(
  { fault, serverTimeS }: TsigError,
  rcode: number,
  { server, key }: Asked,
  now: () => number,
): string {
  const at = `The DNS server at ${server}`;
  switch (fault) {
    case "BADKEY":
      return `${at} knows no key ${key.name} (${key.algorithm}), or does not let it do this: look at its keys and what they may, or set GLOSSOND_RFC2136_KEY_NAME and GLOSSOND_RFC2136_KEY_ALGORITHM to one that it has`;
    case "BADSIG":
      return `${at} has another secret for the key ${key.name}: put the one of its configuration into the secrets file as RFC2136_KEY_SECRET`;
    case "BADTIME":
      return `${at} has a clock that is ${
        apart(serverTimeS, now)
      } this machine's: let both keep time (timedatectl set-ntp true)`;
    case "unsigned":
      return `${at} answers ${
        rcodeName(rcode)
      } without a signature: check that it knows the key ${key.name} and takes dynamic updates (GLOSSOND_RFC2136_SERVER)`;
    case "forged":
      return `The answer of the DNS server at ${server} is not signed with the key ${key.name}: check what stands between here and there, and RFC2136_KEY_SECRET`;
  }
}

function apart(serverTimeS: number | undefined, now: () => number): string {
  if (serverTimeS === undefined) return "far from";
  const off = Math.round(now() / 1000 - serverTimeS);
  return `${Math.abs(off)} s ${off > 0 ? "behind" : "ahead of"}`;
}
