import assert from "node:assert/strict";
import type { DataConnection } from "../../../examples/client/data_connection.ts";
import { ParkedLife } from "../../../examples/client/parked_life.ts";
import { ManualClock } from "../../manual_clock.ts";

const JOINED = { state: "joined" } as DataConnection;

/** The relay's limit, milliseconds. */
const RELAY_MS = 300_000;

/** A pool of parked connections behind a router that forgets those idle for `forgetsMs`. */
function poolBehind(forgetsMs: number) {
  const clock = new ManualClock();
  const life = new ParkedLife({ now: clock.now, random: () => 0 });
  const parked = new Set<{ since: number }>();
  let ends = 0;

  function park(): void {
    const stay = life.begin();
    const one = { since: clock.now() };
    parked.add(one);
    const ms = Math.min(stay.ms, RELAY_MS);
    clock.schedule(() => {
      parked.delete(one);
      ends++;
      stay.over({ state: "ended", ...(ms > forgetsMs && { unanswered: true as const }) });
      park();
    }, ms);
  }

  for (let i = 0; i < 4; i++) park();
  return {
    clock,
    /** Connections that are dead now. */
    dead: () => [...parked].filter(({ since }) => clock.now() - since > forgetsMs).length,
    ends: () => ends,
  };
}

Deno.test("ParkedLife has one connection at most that a router forgot, whatever it forgets after", () => {
  for (const forgetsMs of [60_000, 90_000, 120_000, 180_000, 240_000, 301_000]) {
    const { clock, dead } = poolBehind(forgetsMs);
    let most = 0;
    for (let t = 0; t < 3_600_000; t += 1_000) {
      clock.advance(1_000);
      most = Math.max(most, dead());
    }
    assert.ok(most <= 1, `${forgetsMs}: ${most}`);
    // Once that is learnt it is not tried again.
    assert.equal(dead(), 0);
    for (let t = 0; t < 600_000; t += 1_000) {
      clock.advance(1_000);
      assert.equal(dead(), 0, `${forgetsMs}`);
    }
  }
});

Deno.test("ParkedLife comes to leave it to the relay where no router forgets", () => {
  const { clock, ends } = poolBehind(Infinity);
  clock.advance(1_200_000);
  const before = ends();
  clock.advance(3_000_000);
  assert.equal(ends() - before, 4 * 3_000_000 / RELAY_MS);
});

Deno.test("ParkedLife gets shorter where even the first one is too long, but not without end", () => {
  const { clock, dead } = poolBehind(30_000);
  clock.advance(600_000);
  assert.equal(dead(), 0);
  const life = new ParkedLife({ now: clock.now, random: () => 0 });
  for (let i = 0; i < 10; i++) life.begin().over({ state: "ended", unanswered: true });
  assert.equal(life.begin().ms, 20_000);
});

Deno.test("ParkedLife learns from visitors, and nothing from what failed", () => {
  const clock = new ManualClock();
  const life = new ParkedLife({ now: clock.now, random: () => 0 });
  const [tries, other] = [life.begin(), life.begin()];
  assert.deepEqual([tries.ms, other.ms], [100_000, 50_000]);
  other.over(undefined);
  life.begin().over({ state: "refused" });
  assert.equal(life.begin().ms, 50_000);
  clock.advance(80_000);
  tries.over(JOINED);
  tries.over({ state: "ended", unanswered: true });
  assert.deepEqual([life.begin().ms, life.begin().ms], [160_000, 80_000]);
});

Deno.test("ParkedLife spreads the ends of those that were parked together", () => {
  let next = 0;
  const life = new ParkedLife({ now: () => 0, random: () => (next += 0.25) % 1 });
  const lives = Array.from({ length: 5 }, () => life.begin().ms).slice(1);
  assert.equal(new Set(lives).size, 4);
  assert.ok(lives.every((ms) => ms > 40_000 && ms <= 50_000), lives.join());
});

Deno.test("ParkedLife.watch() passes on what it learns from", async () => {
  const life = new ParkedLife({ now: () => 0, random: () => 0 });
  assert.equal(await life.watch(() => Promise.resolve(JOINED)), JOINED);
  await assert.rejects(life.watch(() => Promise.reject(new Error("refused"))), /refused/);
  // The one that tries longer is free again each time.
  assert.equal(life.begin().ms, 100_000);
});
