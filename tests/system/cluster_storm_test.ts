import assert from "node:assert/strict";
import { storm } from "../../scripts/bench/storm.ts";

/** Clients of the relay that is lost, and how long they may take to be back. */
const [CLIENTS, WITHIN_S] = [500, 12];

/** How late an event loop of the others may be meanwhile; more where it waits for the load's processor time. */
const [LATE_MS, CROWDED_MS] = [250, 1_000];

Deno.test("clients of a relay that is killed are all back at others, which nobody waits for", async () => {
  const { backAfterS, lateMs, cameFirst, known, work } = await storm({
    ...{ clients: CLIENTS, withinS: WITHIN_S },
  });
  assert.equal(backAfterS.length, CLIENTS, `${backAfterS.length} are back`);
  assert.ok(lateMs < (cameFirst ? LATE_MS : CROWDED_MS), `${lateMs} ms late`);
  const [a, b] = known;
  assert.equal(a!.here + b!.here, CLIENTS);
  assert.deepEqual(
    [a!.elsewhere, b!.elsewhere],
    [b!.here, a!.here],
    "each knows who is at the other",
  );
  // Those who come together are told together.
  assert.ok(work.notifications < CLIENTS / 2, `${work.notifications} notifications`);
});
