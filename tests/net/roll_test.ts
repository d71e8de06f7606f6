import assert from "node:assert/strict";
import { Roll } from "../../lib/net/roll.ts";

Deno.test("Roll keeps the order in which values were added, whichever leave", () => {
  const roll = new Roll<string>();
  assert.deepEqual([roll.size, roll.first, roll.values()], [0, undefined, []]);
  const [a, b, c, d] = [..."abcd"].map((value) => roll.add(value));
  assert.deepEqual(roll.values(), ["a", "b", "c", "d"]);
  for (
    const [seat, left] of [[b, "acd"], [a, "cd"], [d, "c"], [c, ""]] as const
  ) {
    assert.equal(seat!.leave(), true);
    assert.equal(seat!.leave(), false, "a second time");
    assert.equal(roll.values().join(""), left);
    assert.deepEqual([roll.size, roll.first?.value], [left.length, left[0]]);
  }
  roll.add("e");
  assert.deepEqual(roll.values(), ["e"]);
});

Deno.test("a value that left a Roll leads to none of the others", () => {
  const roll = new Roll<string>();
  const [, seat] = [..."abc"].map((value) => roll.add(value));
  seat!.leave();
  assert.deepEqual([seat!.before, seat!.after], [undefined, undefined]);
});
