import assert from "node:assert/strict";
import { createRenewalPlan } from "../../lib/certificate/renewal_plan.ts";
import { recordedLog } from "./helpers.ts";

const HOUR = 3_600_000;
const START = Date.UTC(2026, 5, 1);

/** A certificate signed at that moment, good for 90 days. */
function signedAt(notBefore: number) {
  return {
    ...{ key: "", cert: `of ${notBefore}`, names: [], issuer: "", selfSigned: false },
    ...{ notBefore, notAfter: notBefore + 90 * 24 * HOUR },
  };
}

Deno.test("createRenewalPlan() renews at once as the authority asks, and then daily where its windows are always over", async () => {
  let now = START;
  const plan = createRenewalPlan({
    authority: {
      kind: "acme",
      issue: () => Promise.reject(new Error("not asked for")),
      renewalWindow: () =>
        Promise.resolve({ start: START - 2 * HOUR, end: START - HOUR, askAgainAt: now + HOUR }),
    },
    log: recordedLog(),
    now: () => now,
    random: () => 0.5,
  });
  let identity = signedAt(START - HOUR);
  plan.reset({ identity });
  const orders: number[] = [];
  for (; now <= START + 72 * HOUR; now += HOUR / 60) {
    await plan.ask(identity);
    if (now < plan.dueAt()) continue;
    orders.push((now - START) / HOUR);
    identity = signedAt(now);
    plan.reset({ identity });
  }
  assert.deepEqual(orders, [0, 24, 48, 72]);
});
