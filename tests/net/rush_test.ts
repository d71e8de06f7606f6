import assert from "node:assert/strict";
import { Rush } from "../../lib/net/rush.ts";

/** A rush by a clock of the test's own, in which so many connections begin. */
function begun() {
  const clock = { now: 1_000 };
  const rush = new Rush(() => clock.now);
  const begin = (count: number): void => {
    for (let i = 0; i < count; i++) rush.note();
  };
  return { clock, rush, begin };
}

Deno.test("Rush is on while many connections begin within a moment", () => {
  const { clock, rush, begin } = begun();
  assert.equal(rush.isOn, false);
  begin(15);
  assert.equal(rush.isOn, false);
  begin(1);
  assert.equal(rush.isOn, true);
  clock.now += 50;
  assert.equal(rush.isOn, true, "those of the span before count");
  clock.now += 50;
  assert.equal(rush.isOn, false);
});

Deno.test("Rush is on where they come over two spans, and not where they come one by one", () => {
  const { clock, rush, begin } = begun();
  begin(8);
  clock.now += 50;
  begin(8);
  assert.equal(rush.isOn, true);
  clock.now += 1_000;
  begin(8);
  assert.equal(rush.isOn, false, "what was long before counts no more");
  clock.now += 1_000;
  for (let i = 0; i < 100; i++, clock.now += 10) {
    begin(1);
    assert.equal(rush.isOn, false);
  }
});
