import assert from "node:assert/strict";
import { siege, type SiegePlan } from "../../scripts/siege/siege.ts";

/** A small siege; `scripts/siege.ts` lays a large one. */
const PLAN: SiegePlan = {
  slow: 150,
  silent: 150,
  resets: 2_000,
  visitors: 40,
  seconds: 6,
  addresses: 0,
};

for (
  const [how, addresses] of [["from everywhere", 0], [
    "from three addresses behind a proxy",
    3,
  ]] as const
) {
  Deno.test(`slow, silent and resetting peers ${how} keep no good visitor out`, async () => {
    const report = await siege({ ...PLAN, addresses });
    assert.deepEqual([...report.before.failures, ...report.during.failures], []);
    assert.equal(report.during.times.length, PLAN.visitors);
    assert.deepEqual(report.errors, []);
    const { before, peak, after } = report.usage;
    assert.ok(peak.descriptors > before.descriptors + (addresses === 0 ? 250 : 100), "no siege");
    assert.notEqual(report.recoveredAfterS, undefined, JSON.stringify({ before, peak, after }));
  });
}

Deno.test("a siege that takes all places of hellos is noticed", async () => {
  // Without addresses to tell friend from foe there is no help against more peers than places.
  const { during } = await siege({
    ...PLAN,
    visitors: 20,
    seconds: 3,
    settings: { MAX_HELLOS: "100" },
  });
  assert.ok(during.failures.length > 0);
});
