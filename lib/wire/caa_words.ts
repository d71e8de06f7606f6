/*
 * What may stand in the value of a CAA record. A value ends at a quotation mark in zone files, and a parameter of it
 * at a semicolon (RFC 8659 section 4.2), so that whatever has one could say something else than it seems to.
 */

/** An ACME account's URL as a CAA record names it (RFC 8657 section 3), at most 200 characters. */
export const ACCOUNT_URL_PATTERN: string = String
  .raw`^https://(?=.{1,192}$)(?:[A-Za-z0-9.\-]+|\[[0-9A-Fa-f:]+\])(?::\d{1,5})?/[A-Za-z0-9\-._~!$&'()*+,=:@%/?]*$`;

/** An authority's name in CAA records: a host name (RFC 8659 section 4.2). */
export const AUTHORITY_PATTERN: string = String
  .raw`^(?=.{1,100}$)[a-z0-9](?:[a-z0-9\-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9\-]*[a-z0-9])?)*$`;
