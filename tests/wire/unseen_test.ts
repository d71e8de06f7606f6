import assert from "node:assert/strict";
import { escapeLines, escapeUnseen, hasUnseen, withoutUnseen } from "../../lib/wire/unseen.ts";
import { UNSEEN_CHARACTERS } from "./unseen_characters.ts";

/** Text of many scripts that is all to be seen. */
const SEEN = "Kaylee ~ é ñ ß 東京 안녕 Привет שלום مرحبا 🙂 ́ – “” …  x";

Deno.test("escapeUnseen() leaves nothing that acts without being seen", () => {
  for (const char of UNSEEN_CHARACTERS) {
    const text = `a${char}b`;
    assert.equal(hasUnseen(text), true, escape(char));
    assert.equal(withoutUnseen(text), "a b", escape(char));
    const escaped = escapeUnseen(text);
    assert.match(escaped, /^a(?:\\u[0-9a-f]{4}){1,2}b$/);
    assert.equal(JSON.parse(`"${escaped}"`), text);
  }
});

Deno.test("escapeUnseen() leaves what is to be seen, and JSON what it says", () => {
  assert.equal(hasUnseen(SEEN), false);
  assert.equal(escapeUnseen(SEEN), SEEN);
  assert.equal(withoutUnseen(SEEN), SEEN);
  const value = { text: UNSEEN_CHARACTERS.join("x"), [UNSEEN_CHARACTERS.join("y")]: [1, SEEN] };
  const json = escapeUnseen(JSON.stringify(value));
  assert.equal(hasUnseen(json), false);
  assert.deepEqual(JSON.parse(json), value);
});

Deno.test("escapeLines() leaves line ends alone", () => {
  assert.equal(escapeLines("a\nb\x1b[2Jc\r\n"), "a\nb\\u001b[2Jc\\u000d\n");
});
