/**
 * A lower-case DNS label of 2 to 63 characters without a hyphen at either end, and not punycode
 * (`--` in places 3 and 4, RFC 5891): that would let a name look like another one in a browser.
 */
export const USERNAME_PATTERN = "^(?!..--)[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$";

/** {@linkcode USERNAME_PATTERN} in words, for people. */
export const USERNAME_RULE =
  "A username has 2 to 63 characters: a to z, 0 to 9 and hyphens, no hyphen first or last and not two in places 3 and 4.";
