/** What a secret consists of that goes into an HTTP header (RFC 9110, section 5.5): VCHAR alone. */
const VISIBLE_ASCII = /^[!-~]+$/;

/**
 * What is wrong with a secret, as the end of a sentence with the fix in it; undefined when it can
 * be sent in a header. Never has any of the secret in it.
 */
export function secretFault(secret: string): string | undefined {
  if (secret === "") return "is empty; put the secret there, or leave it out";
  if (VISIBLE_ASCII.test(secret)) return undefined;
  const what = /[\r\n]/.test(secret)
    ? "a line break"
    : /\s/.test(secret)
    ? "a space"
    : "a character outside visible ASCII";
  return `has ${what} in it, which no key has; write it on one line as it was given to you`;
}

/**
 * The secret, to be sent in a header.
 *
 * `fetch` and `WebSocket` quote a value that they cannot send in what they throw, and that reaches
 * logs and terminals: so every secret comes this way.
 *
 * @param what names the secret and where it is kept.
 * @throws {TypeError} that does not show it.
 */
export function headerSecret(what: string, secret: string): string {
  const fault = secretFault(secret);
  if (fault !== undefined) throw new TypeError(`${what} ${fault}`);
  return secret;
}
