import type { Issuer, UserCaa } from "./caa.ts";

/** What is kept of users' names for the DNS, read without a change to the store. */
export interface KeptNames {
  /** Who has an account, by name. */
  usernames: string[];
  /** The labels before users' hosts that are in use, by user. */
  below: ReadonlyMap<string, ReadonlySet<string>>;
  /** Who alone may order certificates for the names of those who asked for that. */
  caa: ReadonlyMap<string, UserCaa>;
  /** With which accounts relays order. */
  issuers: Issuer[];
}
