import assert from "node:assert/strict";
import { BOUNDS, MEASURED, MEASURED_LOSS } from "../../scripts/bench/cluster_measured.ts";
import { breaks, dayOfCommunity, lossOfRelay } from "../../scripts/bench/cluster_model.ts";

const COMMUNITY = { sessions: 4, visits: 10 };

/** What the model says is off by this at most, as a factor. */
const OFF = 1.6;

function near(predicted: number, measured: number, what: string): void {
  const factor = Math.max(predicted / measured, measured / predicted);
  assert.ok(factor < OFF, `${what}: ${predicted} by the model, ${measured} measured`);
}

// The costs are of earlier runs of the same loss: this tells that the model, as it is changed, still describes
// it, not that it foretells another.
Deno.test("the model of several relays still describes the loss that was measured", () => {
  const { loss, backS, databaseCpuS } = MEASURED_LOSS;
  const predicted = lossOfRelay(loss, MEASURED);
  near(predicted.backS, backS, "seconds until all are back");
  near(predicted.databaseCpuS, databaseCpuS, "the database's processor time");
});

Deno.test("lossOfRelay() divides clients among relays, until the database is what they wait for", () => {
  const of = (left: number) => lossOfRelay({ clients: 50_000, left }, MEASURED);
  assert.equal(of(1).backS, 2 * of(2).backS);
  assert.ok(of(2).databaseCpuS < of(2).backS);
  assert.equal(of(40).backS, of(40).databaseCpuS);
  assert.equal(of(1).lateMs, of(40).lateMs, "each reads them a page at a time");
});

Deno.test("dayOfCommunity() grows with the names, and memory with who is elsewhere", () => {
  const [small, large] = [10_000, 1_000_000].map((names) =>
    dayOfCommunity({ names, relays: 4, ...COMMUNITY }, MEASURED)
  );
  assert.equal(large!.changesASecond / small!.changesASecond, 100);
  assert.equal(large!.mapBytes, 750_000 * MEASURED.nameBytes);
  assert.ok(large!.walBytesADay < 100 * small!.walBytesADay, "relays are there either way");
});

Deno.test("breaks() names each bound at the size that reaches it, the first first", () => {
  const found = breaks({ clientsPerRelay: 5_000, ...COMMUNITY }, MEASURED, BOUNDS);
  const late = found.find(({ what }) => what === "lateMs")!;
  const at = (names: number): number =>
    dayOfCommunity({ names, relays: 2, ...COMMUNITY }, MEASURED).compareMs;
  assert.ok(at(late.names) > BOUNDS.lateMs && at(late.names * 0.98) < BOUNDS.lateMs);
  assert.deepEqual(
    found.map(({ names }) => names),
    found.map(({ names }) => names).toSorted((a, b) => a - b),
  );
  assert.deepEqual(
    breaks({ clientsPerRelay: 5_000, ...COMMUNITY }, MEASURED, { ...BOUNDS, lateMs: Infinity })
      .filter(({ what }) => what === "lateMs"),
    [],
  );
});
