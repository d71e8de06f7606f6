import assert from "node:assert/strict";
import { PoolSize } from "../../../examples/client/pool_size.ts";
import { ManualClock } from "../../manual_clock.ts";

function setUp(most: number) {
  const clock = new ManualClock();
  const pool = new PoolSize({ most, now: clock.now });
  const visits = (count: number) => {
    for (let i = 0; i < count; i++) pool.note();
  };
  return { clock, pool, visits };
}

Deno.test("PoolSize grows with visitors who come at once, up to its most", () => {
  const { clock, pool, visits } = setUp(16);
  assert.equal(pool.size, 4);
  visits(1);
  assert.equal(pool.size, 5);
  visits(6);
  assert.equal(pool.size, 11);
  visits(1_000);
  assert.equal(pool.size, 16);
  // One after another does not need more than one at a time.
  const slow = setUp(16);
  for (let i = 0; i < 100; i++) {
    slow.visits(1);
    slow.clock.advance(3_000);
  }
  assert.equal(slow.pool.size, 5);
  assert.equal(clock.waiting, 0);
});

Deno.test("PoolSize is kept for a minute, then halves minute by minute", () => {
  const { clock, pool, visits } = setUp(16);
  visits(20);
  clock.advance(59_999);
  assert.equal(pool.size, 16);
  const sizes = [1, 60_000, 60_000, 60_000].map((ms) => {
    clock.advance(ms);
    return pool.size;
  });
  assert.deepEqual(sizes, [8, 4, 4, 4]);
  // As much later at once.
  visits(20);
  clock.advance(24 * 3_600_000);
  assert.equal(pool.size, 4);
});

Deno.test("PoolSize keeps to a most below its fewest", () => {
  for (const most of [0, 1, 3]) {
    const { pool, visits } = setUp(most);
    visits(5);
    assert.equal(pool.size, most);
  }
});
