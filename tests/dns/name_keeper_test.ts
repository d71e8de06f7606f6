import assert from "node:assert/strict";
import { until } from "../certificate/helpers.ts";
import { APP, BASE, COPY, KAYLEE, keeperBench, RIVER } from "./keeper_bench.ts";

Deno.test("NameKeeper leaves what is the relay's own where it is when an order of it has ended", async () => {
  await using it = keeperBench();
  await it.keeper.keep([BASE]);
  for (const name of [BASE, `*.${BASE}`]) assert.deepEqual(it.zone.at(name), COPY);
  await it.keeper.settle(BASE);
  for (const name of [BASE, `*.${BASE}`]) assert.deepEqual(it.zone.at(name), COPY);
});

Deno.test("NameKeeper takes what nobody has any more from a name and those below it, and no others", async () => {
  await using it = keeperBench();
  for (const name of [KAYLEE, APP, RIVER]) it.claimed.add(name);
  await it.keeper.keep([...it.claimed]);
  it.claimed.delete(APP);
  await it.keeper.settle(KAYLEE);
  assert.deepEqual([KAYLEE, APP].map(it.zone.at), [COPY, {}]);
  it.claimed.clear();
  await it.keeper.settle(KAYLEE);
  assert.deepEqual([KAYLEE, RIVER, BASE].map(it.zone.at), [{}, COPY, COPY]);
});

Deno.test("NameKeeper says no more of a name that it could not look at than that", async () => {
  await using it = keeperBench();
  it.claimed.add(KAYLEE);
  it.fail(new Error("another process holds the lock"));
  await it.keeper.settle(KAYLEE);
  assert.deepEqual(it.notes, ["not looked yet whether a name's records in the DNS can go"]);
});

Deno.test("NameKeeper keeps all names of an order in one turn, which ends with the order", async () => {
  await using it = keeperBench();
  await it.keeper.keep([KAYLEE, APP]);
  assert.equal(it.turns(), 1);
  assert.deepEqual([KAYLEE, APP].map(it.zone.at), [COPY, COPY]);
  const order = new AbortController();
  const { replace } = it.zone.dns;
  it.zone.dns.replace = (...write) => {
    order.abort(new Error("the relay is stopping"));
    return replace(...write);
  };
  const more = [RIVER, `inara.${BASE}`, `wash.${BASE}`];
  await assert.rejects(it.keeper.keep(more, order.signal), /the relay is stopping/);
  assert.deepEqual(more.map(it.zone.at), [COPY, {}, {}]);
});

Deno.test("NameKeeper reads the zone once for a hundred names that it mends, not for each", async () => {
  await using it = keeperBench();
  it.zone.put(`*.${BASE}`, "A", "192.0.2.1");
  const names = Array.from({ length: 150 }, (_, i) => `user${i}.${BASE}`);
  names.forEach((name) => it.claimed.add(name));
  const reads: string[] = [];
  const { readName, readZone } = it.zone.dns;
  it.zone.dns.readName = (zone, name) => (reads.push(name), readName(zone, name));
  it.zone.dns.readZone = (zone) => (reads.push("all"), readZone(zone));
  it.keeper.start();
  const isMended = () => names.every((name) => `${it.zone.at(name).A}` === "192.0.2.1");
  await until(isMended, "every name's address");
  await it.keeper.stop();
  // To see what is open, and in each of two turns.
  assert.deepEqual(reads, ["all", "all", "all"]);
});
