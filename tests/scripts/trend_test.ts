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

/** Where a step may be allowed. */
const STEPS = { allowedStep: 30 };

/** Samples of one process with more of something from a moment on. */
function withMore(more: (sinceS: number) => number, at: number, perSecond = 0): Sample[] {
  return samples({ perSecond, noise: 2 }).map((sample) => ({
    ...sample,
    value: sample.value + (sample.atS >= at ? more(sample.atS - at) : 0),
  }));
}

Deno.test("trendOf() takes an allowed step for none, and what goes on beside one for growth", () => {
  for (const at of [30, 60, 90, 120, 150, 180, 210]) {
    const { leaks, perMinute, plusMinus } = trendOf(withMore(() => 25, at), STEPS);
    assert.ok(!leaks, `step at ${at}: ${perMinute} ± ${plusMinus}`);
    assert.ok(trendOf(withMore(() => 25, at, 0.1), STEPS).leaks, `growth and a step at ${at}`);
  }
});

Deno.test("trendOf() takes a step for growth that is none of those allowed", () => {
  const lost = withMore(() => 500, 100);
  assert.ok(trendOf(lost).leaks, "no step is allowed");
  assert.ok(trendOf(lost, STEPS).leaks, "the step is too large");
});

Deno.test("trendOf() finds growth that begins late, where a step is allowed too", () => {
  for (const at of [60, 120, 150, 180]) {
    assert.ok(trendOf(withMore((sinceS) => 0.4 * sinceS, at), STEPS).leaks, `from ${at} on`);
  }
  const last = samples({ perSecond: 0, noise: 2, eras: 2 })
    .map((sample, i) => ({ ...sample, value: sample.value + Math.max(0, i - 300) * 0.4 }));
  assert.ok(trendOf(last, STEPS).leaks, "in the last of two processes");
});

Deno.test("trendOf() tells nothing of too few samples", () => {
  assert.throws(() => trendOf(samples({ perSecond: 1, noise: 0 }).slice(0, 4)), RangeError);
});
