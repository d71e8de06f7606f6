import assert from "node:assert/strict";
import { BufferPool, KEEP_MS } from "../../lib/net/buffer_pool.ts";

Deno.test("BufferPool keeps what is asked for again, and frees the rest", () => {
  const due: (() => void)[] = [];
  const pool = new BufferPool(1_000, (run, ms) => {
    assert.equal(ms, KEEP_MS);
    due.push(run);
    return () => {};
  });
  /** Lets the pool look; tells whether it will look again. */
  function look(): boolean {
    due.shift()!();
    assert.ok(due.length <= 1);
    return due.length > 0;
  }

  const burst = Array.from({ length: 12 }, () => pool.take());
  assert.deepEqual([...new Set(burst.map(({ length }) => length))], [1_000]);
  const kept = (): number => burst.filter(({ buffer }) => !buffer.detached).length;
  for (const buffer of burst) pool.giveBack(buffer);
  assert.equal(look(), true);
  assert.equal(kept(), 12);
  // Three are used on.
  const used = [1, 2, 3].map(() => pool.take());
  for (const buffer of used) pool.giveBack(buffer);
  assert.equal(look(), true);
  assert.equal(kept(), 3);
  assert.equal(pool.take(), used.at(-1));
  pool.giveBack(used.at(-1)!);
  assert.equal(look(), true);
  assert.equal(kept(), 1);
  // The last one too, and then nothing is left to look for.
  assert.equal(look(), false);
  assert.equal(kept(), 0);
});
