import type { RecordSet } from "./provider.ts";

/** How long resolvers may keep the records: an hour, for who has to change authorities in a hurry. */
const TTL_S = 3600;

/** Which certificates a domain allows. */
export interface CaaPolicy {
  /** The authority's CAA identity, e.g. `letsencrypt.org`. */
  authority: string;
  /** URL of the one ACME account that may order. */
  accountUrl: string;
}

/**
 * The CAA records (RFC 8659) that allow one authority only, for one account only and by dns-01 only
 * (RFC 8657), for the domain and all below it, wildcards included; in presentation format.
 */
export function caaValues({ authority, accountUrl }: CaaPolicy): string[] {
  if (/["\s;\\]/.test(accountUrl + authority)) {
    throw new TypeError(`Cannot write CAA records: ${authority} ${accountUrl} has odd characters`);
  }
  const value = `${authority}; accounturi=${accountUrl}; validationmethods=dns-01`;
  return [`0 issue "${value}"`, `0 issuewild "${value}"`];
}

/**
 * The set that takes the place of `present`: properties that allow issuance are replaced by ours,
 * all others (`iodef`, `issuemail`, …) stay.
 */
export function caaSet(present: RecordSet, policy: CaaPolicy): RecordSet {
  const others = (values: readonly string[] = []): string[] =>
    values.filter((value) => !/^\d+\s+issue(wild)?\s/i.test(value));
  return {
    ...present,
    ttl: present.ttl || TTL_S,
    values: [...caaValues(policy), ...others(present.values)],
    disabled: others(present.disabled),
  };
}

/** Whether the set says already what {@linkcode caaSet} would make of it. */
export function caaHolds(present: RecordSet, policy: CaaPolicy): boolean {
  const shown = ({ values }: RecordSet): string => values.toSorted().join("\n");
  return shown(present) === shown(caaSet(present, policy));
}
