/** Named character references of HTML that editors write where a code has a hyphen, or around it. */
const NAMED: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: "\u00a0",
  shy: "\u00ad",
  hyphen: "\u2010",
  dash: "\u2010",
  ndash: "\u2013",
  mdash: "\u2014",
  horbar: "\u2015",
  minus: "\u2212",
  lowbar: "_",
  zwj: "\u200d",
  zwnj: "\u200c",
  lrm: "\u200e",
  rlm: "\u200f",
  ZeroWidthSpace: "\u200b",
  NoBreak: "\u2060",
};

/** Numbers and the oldest names count without their semicolon too (HTML sections 13.2.5.80, 13.5). */
const REFERENCE =
  /&(?:#0*(\d{1,7})(?!\d);?|#[xX]0*([0-9A-Fa-f]{1,6})(?![0-9A-Fa-f]);?|([A-Za-z]{2,14});|(amp|lt|gt|quot|nbsp|shy))/g;

/** Numbers of Windows-1252 that browsers take for its dashes and the like (the same section). */
const WINDOWS_1252: Readonly<Record<number, string>> = { 150: "\u2013", 151: "\u2014" };

/**
 * Markup that is not read: where a line may be broken, remarks (HTML 4.5.28, 13.1.6), and what a part of
 * a word is, or looks like, which editors of rich text begin anew in the middle of what was pasted.
 */
const UNSEEN_MARKUP = new RegExp(
  String
    .raw`</?(?:a|abbr|acronym|b|bdi|bdo|big|cite|code|data|del|dfn|em|font|i|ins|kbd|label|mark|nobr|s|` +
    String
      .raw`samp|small|span|strike|strong|sub|sup|time|tt|u|var|wbr)(?:[\s/][^<>]*)?>|<!--[^<>]*-->`,
  "gi",
);

/** A link, which may have the code where only a click shows it. */
const LINK = /<a\s[^<>]*>/gi;

/** What is not seen: soft hyphen, joiners, marks of order and the like; and strokes through letters. */
const UNSEEN = String.raw`[\p{Default_Ignorable_Code_Point}\p{Mark}]*`;

/**
 * A hyphen, and what keyboards put in its place, the Japanese long vowel mark of the same key
 * included; with the backslash that Markdown may have before it, the space that a phone sets after the
 * word it proposed, and the end of a line that was full. U+FEFF, which `\s` has, too, is among what is not
 * seen alone: where both could take it, a row of them is divided in every way, for seconds.
 */
const HYPHEN = String
  .raw`\s?\\?[\p{Dash}\u02d7\u2043\u2500\u2501\u2796\u30fc\uff70]\s?(?:<br\s*/?>)?\s*`
  .replaceAll(String.raw`\s`, String.raw`[^\S\ufeff]`);

/** Holds a letter or digit for equal in all its forms: wide, of mathematics, circled, of other scripts. */
const SAME_LETTER = new Intl.Collator("en", { sensitivity: "base" });

/** Small capitals are letters of their own to Unicode, and to people a "font" for their bios. */
const SMALL_CAPITALS: Readonly<Record<string, string>> = Object.fromEntries(
  Array.from("ʙᴄᴅꜰɢʜᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴠᴡᴢ", (letter, i) => [letter, "bcdfghjklmnopqrstvwz"[i]!]),
);

/**
 * Whether `code` stands in `bio` as a whole word: at its start or end, or beside characters outside
 * `[A-Za-z0-9_-]`, so that no longer word that happens to contain it counts.
 *
 * It counts as phones and profile editors write it, too: with capitals, another dash, or something
 * unseen within, in other forms of its letters, in a link, and in the HTML or Markdown of the page. The
 * alphabet of codes has no two characters that this could confuse.
 *
 * @param code lower-case letters, digits and hyphens.
 */
export function hasCode(bio: string, code: string): boolean {
  let text = bio;
  // Twice: some sites escape what they have stored escaped.
  for (let round = 0; round < 2; round++) {
    const links = text.match(LINK) ?? [];
    text = [text.replace(UNSEEN_MARKUP, "\u200b"), ...links].join("\n").replace(REFERENCE, decode);
  }
  // Else an accent that stands behind its letter leaves that letter a part of the word.
  text = text.replace(/[A-Za-z]\p{Mark}/gu, (letter) => letter.normalize("NFC"));
  const forms = formsIn(text, new Set(code));
  const pattern = Array.from(code, (char) => char === "-" ? HYPHEN : `[${forms.get(char)}]`);
  return new RegExp(`(?<![A-Za-z0-9_-])${pattern.join(UNSEEN)}(?![A-Za-z0-9_-])`, "u").test(text);
}

/** How a text writes each of some letters and digits, as the inner part of a class of characters. */
function formsIn(text: string, letters: Set<string>): Map<string, string> {
  // Capitals are there already. Not the flag `i`: by it letters of other alphabets would be part of a word.
  const forms = new Map(Array.from(letters, (letter) => [letter, letter + letter.toUpperCase()]));
  const sorted = [...letters].sort(SAME_LETTER.compare);
  for (const form of new Set(text.match(/[^\0-\x7f]/gu))) {
    const letter = SMALL_CAPITALS[form] ?? findSame(form, sorted);
    const known = letter === undefined ? undefined : forms.get(letter);
    if (known !== undefined) forms.set(letter!, known + form);
  }
  return forms;
}

/** The one of `sorted` that a character is a form of; undefined if there is none. */
function findSame(form: string, sorted: string[]): string | undefined {
  let from = 0;
  let to = sorted.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    const order = SAME_LETTER.compare(form, sorted[middle]!);
    if (order === 0) return sorted[middle];
    if (order < 0) to = middle;
    else from = middle + 1;
  }
}

/** What a character reference stands for; itself when that is not known. */
function decode(
  reference: string,
  decimal?: string,
  hex?: string,
  name?: string,
  oldName?: string,
): string {
  const named = name ?? oldName;
  if (named !== undefined) return Object.hasOwn(NAMED, named) ? NAMED[named]! : reference;
  const point = decimal === undefined ? parseInt(hex!, 16) : Number(decimal);
  const odd = WINDOWS_1252[point];
  if (odd !== undefined) return odd;
  return point <= 0x10ffff ? String.fromCodePoint(point) : reference;
}
