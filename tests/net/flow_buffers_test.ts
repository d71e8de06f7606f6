import assert from "node:assert/strict";
import { bytesOf, FlowBuffers, KEEP_MS, LARGEST_STEP } from "../../lib/net/flow_buffers.ts";

const MEBIBYTE = 1024 * 1024;

/** Buffers that look for unused ones when told to; tells whether they are due to look again. */
function setUp() {
  const due: (() => void)[] = [];
  const buffers = new FlowBuffers({
    schedule(run, ms) {
      assert.equal(ms, KEEP_MS);
      due.push(run);
      return () => {};
    },
  });
  return {
    buffers,
    look(): boolean {
      due.shift()!();
      assert.ok(due.length <= 1);
      return due.length > 0;
    },
  };
}

Deno.test("FlowBuffers lends what was given back", () => {
  const { buffers } = setUp();
  const first = buffers.lend(LARGEST_STEP)!;
  assert.equal(first.length, 2 * MEBIBYTE);
  assert.equal(buffers.lent, 2 * MEBIBYTE);
  buffers.giveBack(first);
  assert.equal(buffers.lent, 0);
  assert.equal(buffers.lend(LARGEST_STEP), first);
});

Deno.test("FlowBuffers lends smaller ones when much is lent, and then none", () => {
  const { buffers } = setUp();
  const lent = Array.from({ length: 4_000 }, () => buffers.lend(LARGEST_STEP));
  const sizes = [...new Set(lent.map((buffer) => buffer?.length))];
  assert.deepEqual(sizes, [...[2, 1, 0].map(bytesOf), undefined]);
  // What 4,000 stalled downloads hold in all.
  assert.ok(buffers.lent <= 28 * MEBIBYTE);
  buffers.giveBack(lent.findLast((buffer) => buffer !== undefined)!);
  assert.equal(buffers.lend(LARGEST_STEP)?.length, bytesOf(0));
});

Deno.test("FlowBuffers keeps what is asked for again, and frees the rest", () => {
  const { buffers, look } = setUp();
  const burst = Array.from({ length: 12 }, () => buffers.lend(LARGEST_STEP)!);
  const kept = (): number => burst.filter(({ buffer }) => !buffer.detached).length;
  for (const buffer of burst) buffers.giveBack(buffer);
  assert.equal(look(), true);
  assert.equal(kept(), 12);
  // Three streams go on.
  const lent = [1, 2, 3].map(() => buffers.lend(LARGEST_STEP)!);
  for (const buffer of lent) buffers.giveBack(buffer);
  assert.equal(look(), true);
  assert.equal(kept(), 3);
  assert.equal(buffers.lend(LARGEST_STEP), lent.at(-1));
  buffers.giveBack(lent.at(-1)!);
  assert.equal(look(), true);
  assert.equal(kept(), 1);
  // The last one too, and then nothing is left to look for.
  assert.equal(look(), false);
  assert.equal(kept(), 0);
});
