import assert from "node:assert/strict";
import { BUDGET_WINDOW_MS, placementTimes } from "../../lib/issuance/budget.ts";
import {
  backoffMs,
  jitteredRenewalTime,
  renewalTime,
} from "../../lib/certificate/renewal_schedule.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

Deno.test("renewalTime() leaves a third, and a half of short lifetimes", () => {
  const cases: [lifetime: number, left: number][] = [
    [90 * DAY, 30 * DAY],
    [45 * DAY, 15 * DAY],
    [160 * HOUR, 80 * HOUR],
    [60_000, 30_000],
    [0, 0],
  ];
  for (const [lifetime, left] of cases) {
    const notBefore = Date.UTC(2026, 0, 1);
    const notAfter = notBefore + lifetime;
    assert.equal(notAfter - renewalTime({ notBefore, notAfter }), left);
  }
});

Deno.test("jitteredRenewalTime() is never later and at most a fiftieth earlier", () => {
  const lifetime = { notBefore: 0, notAfter: 90 * DAY };
  assert.equal(jitteredRenewalTime(lifetime, () => 0), 60 * DAY);
  assert.equal(jitteredRenewalTime(lifetime, () => 1), 60 * DAY - 1.8 * DAY);
});

Deno.test("backoffMs() grows to six hours and heeds the time left", () => {
  const middle = (): number => 0.5;
  const minutes = [1, 2, 3, 4, 5, 6, 7].map((n) => backoffMs(n, 30 * DAY, middle) / 60_000);
  assert.deepEqual(minutes, [1, 3, 9, 27, 81, 243, 360]);
  assert.equal(backoffMs(1000, 30 * DAY, middle), 6 * HOUR);
  assert.equal(backoffMs(1000, 8 * HOUR, middle), HOUR);
  assert.equal(backoffMs(1000, 1000, middle), 60_000);
  assert.equal(backoffMs(1000, 0, middle), 6 * HOUR);
  assert.equal(backoffMs(1, 0, () => 0), 48_000);
  assert.equal(backoffMs(1, 0, () => 1), 72_000);
});

Deno.test("placementTimes() lets a week's budget through and queues the rest in order", () => {
  const now = 100 * DAY;
  const users = (count: number) => Array.from({ length: count }, (_, i) => `user${i}`);
  assert.deepEqual(placementTimes([], users(3), Infinity, now), [now, now, now]);
  assert.deepEqual(placementTimes([], [], 2, now), []);
  assert.deepEqual(placementTimes([], users(5), 2, now), [
    now,
    now,
    now + BUDGET_WINDOW_MS,
    now + BUDGET_WINDOW_MS,
    now + 2 * BUDGET_WINDOW_MS,
  ]);
  const placed = [8, 6, 1].map((days, i) => ({ at: now - days * DAY, username: `other${i}` }));
  assert.deepEqual(placementTimes(placed, users(4), 3, now), [
    now,
    now + DAY,
    now + 6 * DAY,
    now + 7 * DAY,
  ]);
});

Deno.test("placementTimes() gives nobody more of a week's budget than is left for others", () => {
  const now = 100 * DAY;
  const of = (username: string, ...days: number[]) =>
    days.map((each) => ({ at: now - each * DAY, username }));
  const next = (placed: { at: number; username: string }[], username: string, perWeek = 6) =>
    placementTimes(placed, [username], perWeek, now)[0]! - now;
  // One alone has half, two a third each; who has none has what is free.
  assert.equal(next(of("kaylee", 3, 2), "kaylee"), 0);
  assert.equal(next(of("kaylee", 3, 2, 1), "kaylee"), 4 * DAY);
  assert.equal(next([...of("inara", 3, 2), ...of("kaylee", 1)], "kaylee"), 0);
  assert.equal(next([...of("inara", 4, 3), ...of("kaylee", 2, 1)], "kaylee"), 3 * DAY);
  assert.equal(next([...of("inara", 4, 3), ...of("kaylee", 2, 1)], "river"), 0);
  // Also after the budget was made smaller, and behind one that waits for its own share.
  assert.equal(next(of("kaylee", 5, 4, 3), "kaylee", 2), 4 * DAY);
  assert.deepEqual(
    placementTimes(of("kaylee", 3, 2, 1), ["kaylee", "river", "zoe", "wash"], 6, now)
      .map((at) => (at - now) / DAY),
    [4, 0, 0, 0],
  );
});
