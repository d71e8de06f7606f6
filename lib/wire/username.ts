/**
 * A lower-case DNS label of 2 to 63 characters without a hyphen at either end, and not punycode
 * (`--` in places 3 and 4, RFC 5891): that would let a name look like another one in a browser.
 */
export const USERNAME_PATTERN = "^(?!..--)[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$";
