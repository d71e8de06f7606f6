import assert from "node:assert/strict";
import { TokenBuckets } from "../../lib/net/token_buckets.ts";
import { ManualClock } from "../manual_clock.ts";

/** How many tokens a key gets in a row. */
function drain(buckets: TokenBuckets, key: string): number {
  let taken = 0;
  while (buckets.take(key)) taken++;
  return taken;
}

Deno.test("TokenBuckets.take() gives each key a burst, then its rate", () => {
  const clock = new ManualClock();
  const buckets = new TokenBuckets({ perSecond: 5, burst: 20, now: clock.now });
  assert.equal(drain(buckets, "a"), 20);
  assert.equal(drain(buckets, "b"), 20);
  clock.advance(199);
  assert.equal(drain(buckets, "a"), 0);
  clock.advance(1);
  assert.equal(drain(buckets, "a"), 1);
  // Refusals cost nothing: who keeps trying still gets the whole rate.
  for (let i = 0; i < 100; i++) {
    clock.advance(10);
    buckets.take("a");
  }
  assert.equal(drain(buckets, "a"), 0);
  clock.advance(1_000);
  assert.equal(drain(buckets, "a"), 5);
  clock.advance(3_600_000);
  assert.equal(drain(buckets, "a"), 20);
});

Deno.test("TokenBuckets remembers so many keys, the busiest last to be forgotten", () => {
  const clock = new ManualClock();
  const buckets = new TokenBuckets({ perSecond: 1, burst: 2, maxKeys: 3, now: clock.now });
  assert.equal(drain(buckets, "busy"), 2);
  for (let i = 0; i < 1_000; i++) {
    buckets.take(`passer-by ${i}`);
    assert.ok(!buckets.take("busy"));
  }
  assert.equal(buckets.size, 3);
});

Deno.test("TokenBuckets.take() holds a network to eight times one address of it, however many come", () => {
  const clock = new ManualClock();
  const buckets = new TokenBuckets({ perSecond: 1, burst: 2, now: clock.now });
  let taken = 0;
  for (let i = 0; i < 1_000; i++) if (buckets.take(`address ${i}`, "network")) taken++;
  assert.equal(taken, 16);
  // A refused one costs its own address nothing.
  assert.ok(buckets.take("address 999"));
  assert.ok(buckets.take("address 999", "another network"));
  clock.advance(1_000);
  taken = 0;
  for (let i = 0; i < 1_000; i++) if (buckets.take(`late ${i}`, "network")) taken++;
  assert.equal(taken, 8);
});
