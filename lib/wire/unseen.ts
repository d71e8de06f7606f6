/**
 * Characters that show nothing and do something: controls of C0 and C1 (they move a terminal's cursor
 * and change its colours and title), formats (they turn the direction of text around, or hide in it),
 * line and paragraph separators.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Whether a text has such a character in it. */
export function hasUnseen(text: string): boolean {
  return text.search(UNSEEN) !== -1;
}

/** The text with each run of such characters as one space: for a person to read. */
export function withoutUnseen(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ");
}

/**
 * The text with each such character as `\uXXXX`, so that it is seen and does nothing. JSON stays JSON
 * that says the same.
 *
 * @param keep characters that stay as they are.
 */
export function escapeUnseen(text: string, keep = ""): string {
  return text.replace(UNSEEN, (char) => {
    if (keep.includes(char)) return char;
    const units = Array.from({ length: char.length }, (_, i) => char.charCodeAt(i));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
  });
}

/** {@linkcode escapeUnseen} for text of several lines that goes to a terminal. */
export function escapeLines(text: string): string {
  return escapeUnseen(text, "\n");
}
