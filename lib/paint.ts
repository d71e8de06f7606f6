import { styleText } from "node:util";

/** Words of a text that tell how something is, each with the colour that a terminal shows it in. */
export type Tones = readonly (readonly [words: RegExp, tone: "green" | "yellow" | "red"])[];

/**
 * Whether colours may be written to a stream: to a terminal, unless NO_COLOR is set to anything
 * (https://no-color.org).
 */
export function takesColours(stream: { isTerminal(): boolean }): boolean {
  return !Deno.noColor && stream.isTerminal();
}

/**
 * Colours words of a text in which nothing acts on a terminal any more. What is laid out in columns is
 * painted afterwards, so that widths are those of what is seen.
 *
 * @param tones with global patterns.
 */
export function paint(text: string, tones: Tones): string {
  // Where a text is written to is told by `takesColours`: the runtime's own way needs more variables.
  const options = { validateStream: false };
  return tones.reduce(
    (painted, [words, tone]) => painted.replace(words, (word) => styleText(tone, word, options)),
    text,
  );
}
