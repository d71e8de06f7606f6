import assert from "node:assert/strict";
import { Random } from "../../scripts/fuzz/random.ts";
import { type Sample, trendOf } from "../../scripts/soak/trend.ts";

/** Samples a second apart of processes that each begin at a level of their own. */
function samples(
  { perSecond, noise, eras = 1, seed = 1 }: {
    perSecond: number;
    noise: number;
    eras?: number;
    seed?: number;
  },
): Sample[] {
  const random = new Random(seed, 0);
  return Array.from({ length: 240 * eras }, (_, i) => {
    const era = Math.floor(i / 240);
    const value = 100 - 40 * era + perSecond * (i % 240) + noise * (random.below(1_000) / 500 - 1);
    return { atS: i, value, era };
  });
}

Deno.test("trendOf() finds a slope in noise, and none where there is none", () => {
  const rising = trendOf(samples({ perSecond: 0.05, noise: 5 }));
  assert.ok(rising.leaks);
  assert.ok(Math.abs(rising.perMinute - 3) <= rising.plusMinus, JSON.stringify(rising));
  for (let seed = 1; seed <= 20; seed++) {
    const level = trendOf(samples({ perSecond: 0, noise: 5, seed }));
    assert.ok(!level.leaks && level.plusMinus > 0, JSON.stringify(level));
  }
  assert.ok(!trendOf(samples({ perSecond: -0.05, noise: 5 })).leaks);
});

Deno.test("trendOf() takes a figure that never changes for level, and the least growth for growth", () => {
  assert.deepEqual(trendOf(samples({ perSecond: 0, noise: 0 })), {
    perMinute: 0,
    plusMinus: 0,
    last: 100,
    leaks: false,
  });
  assert.ok(trendOf(samples({ perSecond: 0.0001, noise: 0 })).leaks);
});

Deno.test("trendOf() finds what all processes have in common, whatever each began at", () => {
  assert.ok(!trendOf(samples({ perSecond: 0, noise: 5, eras: 4 })).leaks);
  const { perMinute, leaks } = trendOf(samples({ perSecond: 0.05, noise: 2, eras: 4 }));
  assert.ok(leaks && Math.abs(perMinute - 3) < 1, `${perMinute}`);
});

Deno.test("trendOf() takes a step for none, and what goes on beside one for growth", () => {
  const step = (at: number, perSecond = 0): Sample[] =>
    samples({ perSecond, noise: 2 }).map((sample, i) => ({
      ...sample,
      value: sample.value + (i >= at ? 25 : 0),
    }));
  for (const at of [30, 60, 90, 120, 150, 180, 210]) {
    const { leaks, perMinute, plusMinus } = trendOf(step(at));
    assert.ok(!leaks, `step at ${at}: ${perMinute} ± ${plusMinus}`);
    assert.ok(trendOf(step(at, 0.1)).leaks, `growth and a step at ${at}`);
  }
});

Deno.test("trendOf() tells nothing of too few samples", () => {
  assert.throws(() => trendOf(samples({ perSecond: 1, noise: 0 }).slice(0, 4)), RangeError);
});
