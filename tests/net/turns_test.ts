import assert from "node:assert/strict";
import { Turns } from "../../lib/net/turns.ts";
import { ManualClock } from "../manual_clock.ts";

Deno.test("Turns lets so many at once, the others in their order, and nobody hold them up", async () => {
  const clock = new ManualClock();
  const turns = new Turns({ atOnce: 2, longestMs: 100, schedule: clock.schedule });
  const ends: (() => void)[] = [];
  const had: number[] = [];
  for (let i = 0; i < 6; i++) {
    turns.take().then((end) => {
      had.push(i);
      ends[i] = end;
    });
  }
  const settle = async () => {
    for (let i = 0; i < 10; i++) await undefined;
    return had;
  };
  assert.deepEqual(await settle(), [0, 1]);
  ends[1]!();
  ends[1]!();
  assert.deepEqual(await settle(), [0, 1, 2]);
  // The first does not end its turn by itself.
  clock.advance(100);
  assert.deepEqual(await settle(), [0, 1, 2, 3, 4]);
  ends[0]!();
  assert.deepEqual(await settle(), [0, 1, 2, 3, 4]);
  for (const i of [3, 4]) ends[i]!();
  assert.deepEqual(await settle(), [0, 1, 2, 3, 4, 5]);
  ends[5]!();
  assert.deepEqual([turns.waiting, clock.waiting], [0, 0]);
});
