import assert from "node:assert/strict";
import { Turnstile } from "../../lib/net/turnstile.ts";
import { ManualClock } from "../manual_clock.ts";

/** Has so many come at once; who has passed by now. */
function setUp() {
  const clock = new ManualClock();
  const turnstile = new Turnstile({ schedule: clock.schedule });
  const passed: number[] = [];
  let came = 0;
  return {
    clock,
    passed,
    async come(count: number): Promise<void> {
      for (let i = 0; i < count; i++) {
        const number = came++;
        turnstile.pass().then(() => passed.push(number));
      }
      await Promise.resolve();
    },
    async after(ms: number): Promise<void> {
      clock.advance(ms);
      await Promise.resolve();
    },
  };
}

Deno.test("Turnstile.pass() lets a few through at once, and the others in their order", async () => {
  const { clock, passed, come, after } = setUp();
  await come(10);
  assert.deepEqual(passed, [0, 1, 2, 3]);
  await after(5);
  assert.deepEqual(passed, [0, 1, 2, 3, 4, 5, 6, 7]);
  // Who comes now is behind those who wait, however much room there would be.
  await come(1);
  await after(5);
  assert.deepEqual(passed.slice(8), [8, 9, 10]);
  await after(5);
  assert.equal(clock.waiting, 0);
});

Deno.test("Turnstile.pass() keeps nobody waiting who comes alone, nor saves up for many", async () => {
  const { clock, passed, come, after } = setUp();
  for (let i = 0; i < 3; i++) {
    await come(1);
    assert.equal(passed.length, i + 1);
    await after(1_000);
  }
  await come(20);
  assert.equal(passed.length, 3 + 4);
  for (let i = 0; i < 5; i++) await after(5);
  assert.equal(passed.length, 23);
  assert.equal(clock.waiting, 0);
});
