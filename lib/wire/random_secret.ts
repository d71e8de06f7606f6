import { createHash } from "node:crypto";

/** Random bytes of a bearer secret: 192 bits. */
const SECRET_BYTES = 24;

/** No vowels, so that no code spells a word, and nothing that is mistaken for another character. */
const CODE_ALPHABET = "bcdfghjkmnpqrstvwxz23456789";

/** Characters of a code: 57 random bits, though it is public and grants nothing by itself. */
const CODE_LENGTH = 12;

/** Fills an array with random bytes; `crypto.getRandomValues` outside of tests. */
export type Random = (bytes: Uint8Array<ArrayBuffer>) => void;

/** The system's random source. */
export function systemRandom(bytes: Uint8Array<ArrayBuffer>): void {
  crypto.getRandomValues(bytes);
}

/** Makes a bearer secret: 32 base64url characters. */
export function newSecret(random: Random): string {
  const bytes = new Uint8Array(SECRET_BYTES);
  random(bytes);
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** Makes an id that nobody guesses: 128 random bits in 22 base64url characters. */
export function randomId(): string {
  return crypto.getRandomValues(new Uint8Array(16))
    .toBase64({ alphabet: "base64url", omitPadding: true });
}

/**
 * SHA-256 of a bearer secret, which is all that is kept of it.
 *
 * One plain hash is enough for 192 random bits, and to look a secret up by its hash leaves no
 * comparison whose time could tell how much of a guess was right.
 */
export function hashSecret(secret: string): Uint8Array {
  return createHash("sha256").update(secret).digest();
}

/** Makes a code to put into a bio: `glosson-` and 12 characters that are easy to copy by hand. */
export function newCode(random: Random): string {
  // Bytes past the last whole multiple of the alphabet would favour its beginning.
  const usable = 256 - 256 % CODE_ALPHABET.length;
  const bytes = new Uint8Array(CODE_LENGTH);
  let code = "";
  while (code.length < CODE_LENGTH) {
    random(bytes);
    for (const byte of bytes) {
      if (byte < usable && code.length < CODE_LENGTH) {
        code += CODE_ALPHABET[byte % CODE_ALPHABET.length];
      }
    }
  }
  return `glosson-${code}`;
}
