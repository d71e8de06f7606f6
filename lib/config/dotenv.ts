import { parseEnv } from "node:util";

/** A blank line, a remark, or `NAME=value`; a value in quotation marks may have lines. */
const ENTRY = new RegExp(
  [
    String.raw`[^\S\n]*(?:#.*|(?:export[^\S\n]+)?\w+[^\S\n]*=[^\S\n]*(?:`,
    "(?:\"[^\"]*\"|'[^']*'|`[^`]*`)[^\\S\\n]*(?:#.*)?|",
    // Without them, what is behind a "#" would be cut off, and one mark alone would be part of it.
    "(?![\"'`])[^#\\n]*(?:(?<=[\\s=])#.*)?",
    String.raw`))?[^\S\n]*(?:\n|$)`,
  ].join(""),
  "y",
);

/** What a file in dotenv syntax holds. */
export interface Dotenv {
  values: Record<string, string | undefined>;
  /** The first thing that is not understood; has nothing of the file's text but its line's number. */
  fault?: { line: number; what: "form" | "value" };
}

/** Reads the text of a file in dotenv syntax, with the line ends and the U+FEFF of any editor. */
export function readDotenv(text: string): Dotenv {
  const plain = text.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n");
  const values = parseEnv(plain) as Record<string, string | undefined>;
  const at = firstOdd(plain);
  if (at === undefined) return { values };
  const line = plain.slice(0, at).split("\n").length;
  const isEntry = /^[^\S\n]*(?:export\s+)?\w+[^\S\n]*=/.test(plain.slice(at));
  return { values, fault: { line, what: isEntry ? "value" : "form" } };
}

/** Where the first entry begins that is none. */
function firstOdd(text: string): number | undefined {
  for (let at = 0; at < text.length; at = ENTRY.lastIndex) {
    ENTRY.lastIndex = at;
    if (!ENTRY.test(text)) return at;
  }
  return undefined;
}
