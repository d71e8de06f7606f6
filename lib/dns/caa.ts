import type { Issuer } from "../store/caa.ts";
import { ACCOUNT_URL_PATTERN, AUTHORITY_PATTERN } from "../wire/caa_words.ts";
import type { RecordSet } from "./provider.ts";

/** How long resolvers may keep the records: an hour, for who has to change authorities in a hurry. */
export const CAA_TTL_S = 3600;

/** The type's mnemonic. */
export const CAA = "CAA";

const [ACCOUNT_URL, AUTHORITY] = [new RegExp(ACCOUNT_URL_PATTERN), new RegExp(AUTHORITY_PATTERN)];

/**
 * The CAA records (RFC 8659) that allow one authority only, for one account only and by dns-01 only
 * (RFC 8657), for the domain and all below it, wildcards included; in presentation format.
 *
 * @throws {TypeError} when the account could say something else in a record than it is.
 */
export function caaValues(issuer: Issuer): string[] {
  const value = issueValue(issuer, "dns-01");
  return [`0 issue "${value}"`, `0 issuewild "${value}"`];
}

/**
 * The CAA records that allow these accounts only, in this way only, for a user's name and all below it; no
 * wildcard, which nobody orders there.
 *
 * @throws {TypeError} as {@linkcode caaValues}.
 */
export function userCaaValues(
  issuers: readonly Issuer[],
  method: "dns-01" | "tls-alpn-01",
): string[] {
  return [
    ...issuers.map((issuer) => `0 issue "${issueValue(issuer, method)}"`),
    '0 issuewild ";"',
  ];
}

/** Whether records let some account in by dns-01, as those for a relay's do, and not one of a user's own. */
export function letsRelayIn(values: readonly string[]): boolean {
  return values.some((value) => value.includes("; validationmethods=dns-01"));
}

/** Whether an account can be named in CAA records. */
export function isIssuer({ authority, accountUrl }: Issuer): boolean {
  return ACCOUNT_URL.test(accountUrl) && AUTHORITY.test(authority);
}

function issueValue(issuer: Issuer, method: string): string {
  const { authority, accountUrl } = issuer;
  if (!isIssuer(issuer)) {
    throw new TypeError(`Cannot write CAA records: ${authority} ${accountUrl} has odd characters`);
  }
  return `${authority}; accounturi=${accountUrl}; validationmethods=${method}`;
}

/**
 * The set that takes the place of `present`: properties that allow issuance are replaced by ours,
 * all others (`iodef`, `issuemail`, …) stay.
 */
export function caaSet(present: RecordSet, issuer: Issuer): RecordSet {
  const others = (values: readonly string[] = []): string[] =>
    values.filter((value) => !/^\d+\s+issue(wild)?\s/i.test(value));
  return {
    ...present,
    ttl: present.ttl || CAA_TTL_S,
    values: [...caaValues(issuer), ...others(present.values)],
    disabled: others(present.disabled),
  };
}

/** Whether the set says already what {@linkcode caaSet} would make of it. */
export function caaHolds(present: RecordSet, issuer: Issuer): boolean {
  const shown = ({ values }: RecordSet): string => values.toSorted().join("\n");
  return shown(present) === shown(caaSet(present, issuer));
}
