/** Line breaks and control characters (Unicode categories Cc, Zl and Zp). */
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]/gu;

/** Characters that turn the direction of the text around them (Unicode `Bidi_Control`). */
const BIDI = /\p{Bidi_Control}/gu;

/**
 * A user's words as they are kept and shown: one line, in which nothing acts on the page around it.
 * Control characters become spaces, marks of direction are left out, halves of characters U+FFFD.
 */
export function plainText(text: string): string {
  return text.toWellFormed().replace(CONTROL, " ").replace(BIDI, "");
}
