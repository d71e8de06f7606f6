import assert from "node:assert/strict";
import { hasCode } from "../../lib/account/bio_code.ts";

const CODE = "glosson-bc4f";

function check(bios: string[], found: boolean): void {
  for (const bio of bios) assert.equal(hasCode(bio, CODE), found, JSON.stringify(bio));
}

Deno.test("hasCode() counts a code as a whole word only", () => {
  check([
    CODE,
    `(${CODE})`,
    `<b>${CODE}</b>`,
    `a ${CODE}\n`,
    `x${CODE} ${CODE}`,
    `ü${CODE}é`,
    `ü${CODE}é`.normalize("NFD"),
    `u&#776;${CODE}e&#x301;`,
    `@${CODE}. #${CODE} **${CODE}**`,
    `\ufeff${CODE}\u200b`,
    `tea & ${CODE}`,
    `&quot;${CODE}&quot;`,
    // Another dash beside it is punctuation.
    `code—${CODE}–there`,
  ], true);
  check(["", "glosson-bc4", `${CODE}2`, `_${CODE}`, `${CODE}-`, `-${CODE}`, `a${CODE}b`], false);
});

Deno.test("hasCode() finds a code as phones and editors write it", () => {
  check([
    "Glosson-bc4f",
    "GLOSSON-BC4F",
    ...["\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2212", "\ufe63", "\uff0d"]
      .map((dash) => `glosson${dash}bc4f`),
    "glosson\u00ad-bc4f",
    "glos\u200bson-\u200dbc4f",
    "glosson-\ufeffbc\u20604f",
    "glosson&#45;bc4f",
    "glosson&#x2D;bc4f",
    "Glosson&#x2011;bc4f",
    "glosson&ndash;bc4f",
    "glosson&shy;-bc4f",
    "glosson-<wbr>bc4f",
    "glosson<WBR />-bc<wbr/>4f",
    'glosson-<wbr class="break"></wbr>bc4f',
    "glosson-<!-- -->bc4f",
    "glosson&#150;bc4f",
    "glosson&#x97;bc4f",
    "glosson&#45bc4f",
    "glosson&#0000000045;bc4f",
    "glosson&#x000000002D;bc4f",
    "glosson\\-bc4f",
    "glossonーbc4f",
    "ｇｌｏｓｓｏｎ－ｂｃ４ｆ",
    "Ｇlossonｰbc4f",
  ], true);
});

Deno.test("hasCode() finds a code as editors of rich text and sites store it", () => {
  check([
    '<span style="color: red">glosson-</span><span>bc4f</span>',
    "<b>glosson</b>-bc4f",
    '<a href="/tags/glosson">glosson</a>-<font color=red>bc4f</font>',
    "<em>glosson-bc<mark>4f</mark></em>",
    "glosson&amp;#45;bc4f",
    "glosson&amp;ndash;bc4f",
    "glosson&amp;shy;-bc4f",
    // A line that was ended where it was full.
    "glosson-\r\nbc4f",
    "glosson-<br />\nbc4f",
  ], true);
});

Deno.test("hasCode() finds a code in the letters that people write whole bios in", () => {
  check([
    "𝗴𝗹𝗼𝘀𝘀𝗼𝗻-𝗯𝗰𝟰𝗳",
    "𝓖𝓵𝓸𝓼𝓼𝓸𝓷-𝓫𝓬4𝓯",
    "ⓖⓛⓞⓢⓢⓞⓝ-ⓑⓒ④ⓕ",
    "🄶🄻🄾🅂🅂🄾🄽-🄱🄲4🄵",
    "gℓℴssℴn-bc4f",
    "g̶l̶o̶s̶s̶o̶n̶-̶b̶c̶4̶f̶",
    "glosson-bc4\ufe0f\u20e3f",
    "🅖🅛🅞🅢🅢🅞🅝-🅑🅒❹🅕",
    "🅶🅻🅾🆂🆂🅾🅽-🅱🅲4🅵",
    "ɢʟᴏꜱꜱᴏɴ-ʙᴄ4ꜰ",
    "ᵍˡᵒˢˢᵒⁿ⁻ᵇᶜ⁴ᶠ",
    // Digits of the person's own keyboard.
    ...["٤", "۴", "४", "₄"].map((four) => `glosson-bc${four}f`),
  ], true);
});

Deno.test("hasCode() finds a code that a keyboard set a space or a line's end beside the hyphen of", () => {
  check([
    "glosson -bc4f",
    "Glosson - bc4f",
    "glosson-\u00a0bc4f",
    "glosson-&nbsp;bc4f",
    "glosson-\u2028bc4f",
    "glosson-\rbc4f",
    "glosson-\n    bc4f",
    "glosson-<br>\r\n\tbc4f",
    "glosson─bc4f",
    "glosson━bc4f",
    "glosson➖bc4f",
  ], true);
});

Deno.test("hasCode() finds a code in a link, and in markup that a site stored escaped", () => {
  check([
    '<a href="https://kaylee.example/#glosson-bc4f">my other page</a>',
    '<a rel="me" href="https://kaylee.example/?code=glosson&#45;bc4f&amp;lang=de">kaylee.exa…</a>',
    "glosson-&lt;wbr&gt;bc4f",
    '&lt;span class="a"&gt;glosson-&lt;/span&gt;bc4f',
    "glosson-<ins>bc4f</ins>",
    "<abbr>glosson</abbr>-<kbd>bc</kbd><sub>4f</sub>",
    "<nobr>glosson</nobr>-<big>bc4f</big>",
    // Without semicolons, as HTML has let people write these since its beginning.
    "&nbspglosson-bc4f&nbsp",
    "glosson&shy-bc4f",
  ], true);
});

Deno.test("hasCode() keeps to whole words however they are written", () => {
  check([
    "aGlosson-bc4f",
    "GLOSSON-BC4Fx",
    "glosson\u2011bc4f2",
    "glosson-bc4f&#120;",
    "&#x5f;glosson-bc4f",
    "glosson-bc4f&lowbar;",
    "glosson&#45;bc4f&#45;",
    "glosson-<wbr>bc4fx",
    // Not the code.
    "glosson bc4f",
    "glosson--bc4f",
    "glosson<br>-bc4f",
    "<p>glosson-</p><p>bc4f</p>",
    "glosson-<br><br>bc4f",
    "glosson&amp;amp;#45;bc4f",
    "glosson-bс4f", // a Cyrillic letter
    "glosson-<wbrx>bc4f",
    "glosson-<!-- > -->bc4f",
    "glosson\\\\-bc4f",
    "glosson&unknown;bc4f",
    "glosson&#1114112;bc4f",
    "glosson_bc4f",
  ], false);
});

Deno.test("hasCode() takes no longer for a bio that is made to", () => {
  const began = performance.now();
  const unseen = "\u200b".repeat(1000);
  check([
    `g${unseen}`.repeat(60),
    "glosson-bc4".repeat(6000),
    "<wbr>".repeat(13_000),
    "<wbr ".repeat(13_000),
    "<!--".repeat(16_000),
    "<b ".repeat(20_000),
    "glosson-<br>".repeat(5_000),
    `g${"\u0336".repeat(1000)}`.repeat(30),
    `glosson-${" ".repeat(500)}`.repeat(120),
    "e\u0301\u0323\u0334".repeat(10_000),
    `e${"\u0315\u0300\u0334".repeat(10_000)}`,
    // Both a space and unseen.
    `glosson-${"\ufeff".repeat(20_000)}`,
    "<a href=".repeat(8_000),
    "<a href='&lt;a href='>".repeat(3_000),
    // As many characters as a bio has room for, none like another.
    Array.from({ length: 20_000 }, (_, i) => String.fromCodePoint(0x4e00 + i)).join(""),
  ], false);
  assert.ok(performance.now() - began < 1_000);
});
