import assert from "node:assert/strict";
import {
  endToEnd,
  type Field,
  listOf,
  trimmed,
  valuesOf,
  without,
} from "../../../../examples/client/http/fields.ts";

Deno.test("endToEnd() drops what belongs to one connection", () => {
  assert.deepEqual(
    endToEnd([
      ["Connection", "Keep-Alive, X-One"],
      ["connection", "x-two"],
      ["Keep-Alive", "1"],
      ["X-One", "1"],
      ["X-Two", "2"],
      ["Transfer-Encoding", "chunked"],
      ["TE", "trailers"],
      ["Upgrade", "x"],
      ["Proxy-Connection", "close"],
      ["Proxy-Authorization", "x"],
      ["Proxy-Authenticate", "x"],
      ["Set-Cookie", "a=1"],
      ["Set-Cookie", "b=2"],
    ]),
    [["Set-Cookie", "a=1"], ["Set-Cookie", "b=2"]],
  );
});

Deno.test("fields are found by name in any case, and lists by their members", () => {
  const fields: Field[] = [["A", "1, Two ,"], ["b", "x"], ["a", ",three"]];
  assert.deepEqual(valuesOf(fields, "a"), ["1, Two ,", ",three"]);
  assert.deepEqual(listOf(fields, "a"), ["1", "two", "three"]);
  assert.deepEqual(listOf(fields, "c"), []);
  assert.deepEqual(without(fields, (name) => name === "a"), [["b", "x"]]);
});

Deno.test("trimmed() takes blanks from both ends, and no longer for many in between", () => {
  assert.equal(trimmed(" \t a \t b\t "), "a \t b");
  assert.equal(trimmed("\xa0a\r"), "\xa0a\r");
  assert.equal(trimmed(" \t"), "");
  const value = `a${" ".repeat(100_000)}b`;
  const begin = performance.now();
  assert.equal(trimmed(value), value);
  // Some microseconds; an expression that begins anew at each blank takes ten seconds.
  assert.ok(performance.now() - begin < 1_000);
});
