import assert from "node:assert/strict";
import { storm } from "../../scripts/bench/storm.ts";

/** Clients of the relay that is lost, and how long they may take for each step. */
const [CLIENTS, WITHIN_S] = [500, 12];

/** How late an event loop of the others may be meanwhile; more where it waits for the load's processor time. */
const [LATE_MS, CROWDED_MS] = [250, 1_000];

Deno.test("clients of a relay that is killed are all back at others, which nobody waits for", async () => {
  // Rejects where not all are back in time, or the relays do not come to know where.
  const { lateMs, cameFirst, work } = await storm({ clients: CLIENTS, withinS: WITHIN_S });
  assert.ok(lateMs < (cameFirst ? LATE_MS : CROWDED_MS), `${lateMs} ms late`);
  // Those who come together are told together.
  assert.ok(work.notifications < CLIENTS / 2, `${work.notifications} notifications`);
});
