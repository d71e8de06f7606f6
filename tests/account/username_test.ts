import assert from "node:assert/strict";
import { isUsername } from "../../lib/account/username.ts";

Deno.test("isUsername() accepts lower-case DNS labels of 2 to 63 characters", () => {
  for (const name of ["kaylee", "a1", "11", "a-b", "a--b", "abc--d", "0-0", "x".repeat(63)]) {
    assert.equal(isUsername(name), true, name);
  }
});

Deno.test("isUsername() refuses what is no label, and punycode", () => {
  const refused = [
    "",
    "a",
    "x".repeat(64),
    "Kaylee",
    "-ab",
    "ab-",
    "--",
    "xn--p1ai",
    "ab--c",
    "1---2",
    "a.b",
    "a_b",
    "_acme",
    "a b",
    "a\n",
    "ab\n",
    "\nab",
    "käthe",
    "ａｂ",
    "ab\0",
    "../ab",
  ];
  for (const name of refused) assert.equal(isUsername(name), false, JSON.stringify(name));
});
