import assert from "node:assert/strict";
import { OrderHeldUpError, OrderPostponedError } from "../../lib/certificate/authority.ts";
import { createRetries } from "../../lib/issuance/retries.ts";

const NOW = Date.UTC(2026, 5, 1);
const MINUTE = 60_000;

Deno.test("createRetries() waits till the time that an authority names, and longer each time where that is over", () => {
  let now = NOW;
  const retries = createRetries(() => now, () => 0.5);
  const postponed = (until: number) => new OrderPostponedError("too many", until);
  const later = NOW + 3 * 86_400_000;
  assert.deepEqual(retries.note("a", postponed(later)), { end: "retry", retryAt: later });
  const waits = [NOW - 86_400_000, NOW, NOW].map((until) => {
    const verdict = retries.note("b", postponed(until));
    assert.equal(verdict.end, "retry");
    const wait = retries.retryAt("b") - now;
    now += wait;
    return wait;
  });
  assert.deepEqual(waits, [MINUTE, 3 * MINUTE, 9 * MINUTE]);
});

Deno.test("createRetries() asks a busy authority as often as that asks for, however long that lasts", () => {
  let now = NOW;
  const retries = createRetries(() => now, () => 0.5);
  const waits = [30_000, 30_000, 2 * MINUTE, 30_000].map((after) => {
    retries.note("a", new OrderPostponedError("busy", now + after));
    const wait = retries.retryAt("a") - now;
    now += wait;
    return wait;
  });
  assert.deepEqual(waits, [MINUTE, MINUTE, 2 * MINUTE, MINUTE]);
});

Deno.test("createRetries() gives up where an authority names nothing but times that are over", () => {
  let now = NOW;
  const retries = createRetries(() => now, () => 0.5);
  const ends = Array.from({ length: 6 }, () => {
    const { end } = retries.note("a", new OrderPostponedError("too many", NOW));
    now = Math.max(now, retries.retryAt("a"));
    return end;
  });
  assert.equal(ends.at(-1), "given-up");
});

Deno.test("createRetries() goes on soon after what holds an order up is back, and counts it for no failure of the authority's", () => {
  let now = NOW;
  const retries = createRetries(() => now, () => 0.5);
  let end = "retry";
  while (end === "retry") {
    ({ end } = retries.note("a", new OrderHeldUpError("the DNS server is away")));
    const wait = retries.retryAt("a") - now;
    const awayMs = now - NOW;
    assert.ok(wait <= Math.max(5_000, awayMs / 4 + 1) && wait <= MINUTE, `${wait} after ${awayMs}`);
    now += wait;
  }
  assert.equal(end, "given-up");
  retries.note("b", new OrderHeldUpError("the DNS server is away"));
  now = retries.retryAt("b");
  retries.note("b", new Error("the authority is out of order"));
  assert.equal(retries.retryAt("b") - now, MINUTE);
});
