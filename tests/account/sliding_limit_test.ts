import assert from "node:assert/strict";
import { createSlidingLimit } from "../../lib/account/sliding_limit.ts";

Deno.test("take() allows no more than the limit in any stretch of the window", () => {
  let time = 0;
  const limit = createSlidingLimit({ limit: 2, windowMs: 100, maxKeys: 10, now: () => time });
  assert.equal(limit.take("a"), 0);
  time = 60;
  assert.equal(limit.take("a"), 0);
  assert.equal(limit.take("a"), 40);
  assert.equal(limit.take("b"), 0);
  time = 99;
  assert.equal(limit.take("a"), 1);
  time = 100;
  assert.equal(limit.take("a"), 0);
  assert.equal(limit.take("a"), 60);
});

Deno.test("take() counts nothing of a clock that was set back since by more than the window", () => {
  let time = 1_000_000;
  const limit = createSlidingLimit({ limit: 1, windowMs: 100, maxKeys: 10, now: () => time });
  assert.equal(limit.take("a"), 0);
  time -= 1;
  assert.equal(limit.take("a"), 101);
  time = 0;
  assert.equal(limit.take("a"), 0);
  assert.equal(limit.take("a"), 100);
});

Deno.test("take() forgets the key taken longest ago when there are too many", () => {
  const limit = createSlidingLimit({ limit: 1, windowMs: 100, maxKeys: 2, now: () => 0 });
  for (const key of ["a", "b", "c"]) assert.equal(limit.take(key), 0);
  assert.equal(limit.take("c"), 100);
  assert.equal(limit.take("b"), 100);
  assert.equal(limit.take("a"), 0);
});
