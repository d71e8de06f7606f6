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

/** Numbers count without their semicolon too (HTML section 13.2.5.80). */
const REFERENCE =
  /&(?:#0*(\d{1,7})(?!\d);?|#[xX]0*([0-9A-Fa-f]{1,6})(?![0-9A-Fa-f]);?|([A-Za-z]{2,14});)/g;

/** Numbers of Windows-1252 that browsers take for its dashes and the like (the same section). */
const WINDOWS_1252: Readonly<Record<number, string>> = { 150: "\u2013", 151: "\u2014" };

/**
 * Markup that is not read: where a line may be broken, remarks (HTML 4.5.28, 13.1.6), and how a part of
 * a word looks, which editors of rich text begin anew in the middle of what was pasted.
 */
const UNSEEN_MARKUP =
  /<\/?(?:wbr|span|font|a|b|strong|i|em|u|s|mark|small|code|bdi)(?:[\s/][^<>]*)?>|<!--[^<>]*-->/gi;

/** What is not seen: soft hyphen, joiners, marks of order and the like; and strokes through letters. */
const UNSEEN = String.raw`[\p{Default_Ignorable_Code_Point}\p{Mark}]*`;

/**
 * A hyphen, and what keyboards put in its place, the Japanese long vowel mark of the same key
 * included; with the backslash that Markdown may have before it, and the end of a line that was full.
 */
const HYPHEN = String.raw`\\?[\p{Dash}\u02d7\u2043\u30fc\uff70](?:<br\s*/?>)?(?:\r?\n)?`;

/**
 * Where Unicode has letters and digits in other forms: the wide ones of East Asian keyboards, and those
 * of which people make "fonts" for their bios.
 */
const FORM_RANGES = [
  [0x2100, 0x214f], // letterlike
  [0x2460, 0x24ff], // enclosed
  [0xff10, 0xff5a], // wide
  [0x1d400, 0x1d7ff], // of mathematics
  [0x1f130, 0x1f149], // squared
] as const;

/** The forms of each lower-case letter and digit besides itself, capitals included. */
const FORMS: ReadonlyMap<string, string> = formsOf(FORM_RANGES);

/**
 * Whether `code` stands in `bio` as a whole word: at its start or end, or beside characters outside
 * `[A-Za-z0-9_-]`, so that no longer word that happens to contain it counts.
 *
 * It counts as phones and profile editors write it, too: with capitals, another dash, or something
 * unseen within, in other forms of its letters, and in the HTML or Markdown of the page. The alphabet of codes has
 * no two characters that this could confuse.
 *
 * @param code lower-case letters, digits and hyphens.
 */
export function hasCode(bio: string, code: string): boolean {
  // Twice: some sites escape what they have stored escaped.
  const text = bio.replace(UNSEEN_MARKUP, "\u200b").replace(REFERENCE, decode)
    .replace(REFERENCE, decode);
  const pattern = [...code].map(written).join(UNSEEN);
  return new RegExp(`(?<![A-Za-z0-9_-])${pattern}(?![A-Za-z0-9_-])`, "u").test(text);
}

/** The pattern of one character of a code. */
function written(character: string): string {
  if (character === "-") return HYPHEN;
  // Not the flag `i`: by it letters of other alphabets would be part of a word.
  return `[${character}${FORMS.get(character)}]`;
}

function formsOf(ranges: typeof FORM_RANGES): Map<string, string> {
  const forms = new Map(
    [..."abcdefghijklmnopqrstuvwxyz0123456789"].map((
      character,
    ) => [character, character.toUpperCase()]),
  );
  for (const [first, last] of ranges) {
    for (let point = first; point <= last; point++) {
      const form = String.fromCodePoint(point);
      const plain = form.normalize("NFKC").toLowerCase();
      const known = forms.get(plain);
      if (known !== undefined) forms.set(plain, known + form);
    }
  }
  return forms;
}

/** What a character reference stands for; itself when that is not known. */
function decode(reference: string, decimal?: string, hex?: string, name?: string): string {
  if (name !== undefined) return Object.hasOwn(NAMED, name) ? NAMED[name]! : reference;
  const point = decimal === undefined ? parseInt(hex!, 16) : Number(decimal);
  const odd = WINDOWS_1252[point];
  if (odd !== undefined) return odd;
  return point <= 0x10ffff ? String.fromCodePoint(point) : reference;
}
