import assert from "node:assert/strict";
import { LogThrottle } from "../../lib/net/log_throttle.ts";
import { ManualClock } from "../manual_clock.ts";

Deno.test("LogThrottle.say() writes at once, then once in a while with what was not written", () => {
  const clock = new ManualClock();
  const written: unknown[] = [];
  const seldom = new LogThrottle(1_000, (fields) => written.push(fields), clock.now);
  for (let i = 0; i < 100; i++) {
    seldom.say({ i });
    clock.advance(25);
  }
  assert.deepEqual(written, [{ i: 0 }, { i: 40, unsaid: 39 }, { i: 80, unsaid: 39 }]);
  clock.advance(10_000);
  seldom.say({ i: 100 });
  assert.deepEqual(written.at(-1), { i: 100, unsaid: 19 });
});
