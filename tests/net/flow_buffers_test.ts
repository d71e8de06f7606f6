import assert from "node:assert/strict";
import { bytesOf, FlowBuffers, LARGEST_STEP } from "../../lib/net/flow_buffers.ts";

const MEBIBYTE = 1024 * 1024;

Deno.test("FlowBuffers lends what was given back", () => {
  const buffers = new FlowBuffers();
  const first = buffers.lend(LARGEST_STEP)!;
  assert.equal(first.length, 2 * MEBIBYTE);
  assert.equal(buffers.lent, 2 * MEBIBYTE);
  buffers.giveBack(first);
  assert.equal(buffers.lent, 0);
  assert.equal(buffers.lend(LARGEST_STEP), first);
});

Deno.test("FlowBuffers lends smaller ones when much is lent, and then none", () => {
  const buffers = new FlowBuffers();
  const lent = Array.from({ length: 4_000 }, () => buffers.lend(LARGEST_STEP));
  const sizes = [...new Set(lent.map((buffer) => buffer?.length))];
  assert.deepEqual(sizes, [...[2, 1, 0].map(bytesOf), undefined]);
  // What 4,000 stalled downloads hold in all.
  assert.ok(buffers.lent <= 28 * MEBIBYTE);
  buffers.giveBack(lent.findLast((buffer) => buffer !== undefined)!);
  assert.equal(buffers.lend(LARGEST_STEP)?.length, bytesOf(0));
});
