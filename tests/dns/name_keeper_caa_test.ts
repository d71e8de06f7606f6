import assert from "node:assert/strict";
import type { Issuer } from "../../lib/store/caa.ts";
import { until } from "../certificate/helpers.ts";
import { grantToken } from "../store/grant_token.ts";
import { TRACE } from "../store/trace.ts";
import {
  APP,
  BASE,
  caaOf,
  COPY,
  issuerOf,
  KAYLEE,
  keeperBench,
  RIVER,
  ZONE,
} from "./keeper_bench.ts";

/** Has kaylee ask for the relay's account alone, and the zone follow; her token. */
async function followedByRelay(it: ReturnType<typeof keeperBench>): Promise<string> {
  const token = await grantToken(it.store, "kaylee");
  it.claimed.add(KAYLEE);
  it.orderBy(1);
  await it.store.caa.set(token, "relay", "{}");
  await it.keeper.follow(KAYLEE);
  return token;
}

Deno.test("NameKeeper keeps a user's CAA records at the name and those below it, as the relay's account is", async () => {
  await using it = keeperBench();
  const token = await grantToken(it.store, "kaylee");
  for (const name of [KAYLEE, APP, RIVER]) it.claimed.add(name);
  await it.keeper.keep([...it.claimed]);
  await it.store.caa.set(token, "relay", "{}");
  // Nobody is barred before it is known whom to let in.
  await it.keeper.follow(KAYLEE);
  assert.deepEqual(it.zone.at(KAYLEE), COPY);
  assert.deepEqual(it.notes, ["users' CAA records are not brought up to date"]);
  const { written, why } = await it.keeper.inspectCaa(KAYLEE);
  assert.equal(written, false);
  assert.match(why!, /cannot tell yet which account it orders with/);
  it.orderBy(1);
  await it.keeper.follow(KAYLEE);
  const withCaa = (values: string[]) => ({ ...COPY, CAA: values });
  assert.deepEqual([KAYLEE, APP, RIVER].map(it.zone.at), [
    withCaa(caaOf(1)),
    withCaa(caaOf(1)),
    COPY,
  ]);
  assert.deepEqual(await it.keeper.inspectCaa(KAYLEE), {
    ...{ values: caaOf(1), written: true, why: undefined },
  });
  const { findZone } = it.zone.dns;
  it.zone.dns.findZone = (name) => Promise.resolve({ name, serial: 1 });
  assert.match((await it.keeper.inspectCaa(KAYLEE)).why!, /is a zone of its own.*put the records/);
  it.zone.dns.findZone = findZone;
  // Another account, as after the authority lost the first: an order brings it before it is placed.
  it.orderBy(2);
  await it.keeper.keep([KAYLEE]);
  assert.deepEqual(it.zone.at(KAYLEE), withCaa(caaOf(2)));
  await it.store.caa.set(token, issuerOf(7), "{}");
  await it.keeper.follow(KAYLEE);
  assert.deepEqual(it.zone.at(APP), withCaa(caaOf(7, "tls-alpn-01")));
  await it.store.caa.set(token, undefined, "{}");
  await it.keeper.follow(KAYLEE);
  assert.deepEqual([KAYLEE, APP].map(it.zone.at), [COPY, COPY]);
  assert.deepEqual(await it.keeper.inspectCaa(KAYLEE), {
    values: [],
    written: true,
    why: undefined,
  });
});

Deno.test("NameKeeper writes CAA records once it can, and takes them away with the account", async () => {
  await using it = keeperBench({ lookEveryMs: 1 });
  const token = await grantToken(it.store, "kaylee");
  it.claimed.add(KAYLEE);
  it.orderBy(1);
  it.keeper.start();
  await until(() => it.zone.at(KAYLEE).A !== undefined, "the name's addresses");
  it.fail(new Error("the DNS server is away"));
  await it.store.caa.set(token, "relay", "{}");
  await assert.rejects(it.keeper.follow(KAYLEE), /the DNS server is away/);
  await until(() => it.notes.includes("names in the DNS not mended yet"), "a look that failed");
  assert.equal(it.zone.at(KAYLEE).CAA, undefined);
  it.fail();
  await until(() => `${it.zone.at(KAYLEE).CAA}` === `${caaOf(1)}`, "the records");
  it.orderBy(2);
  await until(() => `${it.zone.at(KAYLEE).CAA}` === `${caaOf(2)}`, "the new account's");
  await it.store.accounts.release("kaylee", TRACE);
  it.claimed.clear();
  await it.keeper.settle(KAYLEE);
  assert.deepEqual(it.zone.at(KAYLEE), {});
  await it.keeper.stop();
});

Deno.test("NameKeeper forgets no CAA record that is written while it mends other records of the name", async () => {
  await using it = keeperBench();
  const token = await grantToken(it.store, "kaylee");
  it.claimed.add(KAYLEE);
  it.orderBy(1);
  await it.keeper.keep([KAYLEE]);
  it.zone.put(`*.${ZONE}`, "A", "192.0.2.2");
  const { readZone } = it.zone.dns;
  it.zone.dns.readZone = (zone) => {
    // What is open is known by now, and not written yet.
    it.beforeTurn(async () => {
      it.zone.dns.readZone = readZone;
      await it.store.caa.set(token, "relay", "{}");
      await it.keeper.follow(KAYLEE);
    });
    return readZone(zone);
  };
  it.keeper.start();
  await until(() => `${it.zone.at(BASE).A}` === "192.0.2.2", "the wildcard's new address");
  await it.keeper.stop();
  assert.deepEqual(it.zone.at(KAYLEE), { A: ["192.0.2.2"], CAA: caaOf(1) });
  assert.ok((await it.store.names.of(KAYLEE)).has("CAA"));
  await it.store.caa.set(token, undefined, "{}");
  await it.keeper.follow(KAYLEE);
  assert.deepEqual(it.zone.at(KAYLEE), { A: ["192.0.2.2"] });
});

Deno.test("NameKeeper remembers again what is its own, where that was forgotten", async () => {
  await using it = keeperBench();
  const token = await followedByRelay(it);
  const contents = JSON.stringify(COPY.A);
  await it.store.names.written([{ name: KAYLEE, sets: [{ type: "A", contents }] }]);
  await it.keeper.follow(KAYLEE);
  await it.store.caa.set(token, undefined, "{}");
  await it.keeper.follow(KAYLEE);
  assert.deepEqual(it.zone.at(KAYLEE), COPY);
});

Deno.test("NameKeeper keeps everybody's names where the authority's words cannot stand in a CAA record", async () => {
  await using it = keeperBench();
  const token = await grantToken(it.store, "kaylee");
  for (const name of [KAYLEE, RIVER]) it.claimed.add(name);
  await it.store.caa.set(token, "relay", "{}");
  for (
    const odd of [
      { authority: "CA.test", accountUrl: "https://ca.test/1" },
      { authority: "ca.test", accountUrl: `https://ca.test/${"1".repeat(200)}` },
    ]
  ) {
    it.orderBy(odd);
    await it.keeper.keep([KAYLEE, RIVER, BASE]);
    assert.deepEqual([KAYLEE, RIVER].map(it.zone.at), [COPY, COPY]);
    assert.deepEqual(await it.store.caa.issuers(), []);
  }
  assert.deepEqual(it.notes, ["users' CAA records are not brought up to date"]);
  await it.store.caa.noteIssuer("relay-1", {
    authority: "CA.test",
    accountUrl: "https://x.test/",
  });
  await it.keeper.follow(KAYLEE);
  assert.match((await it.keeper.inspectCaa(KAYLEE)).why!, /cannot tell yet/);
});

Deno.test("NameKeeper leaves a user's CAA records where they are while it cannot tell whom to let in", async () => {
  await using it = keeperBench();
  const token = await followedByRelay(it);
  it.orderBy();
  await it.store.caa.noteIssuer("relay-1", {
    authority: "CA.test",
    accountUrl: "https://x.test/",
  });
  assert.match((await it.keeper.inspectCaa(KAYLEE)).why!, /cannot tell yet/);
  await it.keeper.keep([KAYLEE]);
  assert.deepEqual(it.zone.at(KAYLEE), { ...COPY, CAA: caaOf(1) });
  // Those of an account that the user has given up would bar the relay.
  await it.store.caa.set(token, issuerOf(7), "{}");
  await it.keeper.follow(KAYLEE);
  assert.deepEqual(it.zone.at(KAYLEE).CAA, caaOf(7, "tls-alpn-01"));
  await it.store.caa.set(token, "relay", "{}");
  await it.keeper.follow(KAYLEE);
  assert.deepEqual(it.zone.at(KAYLEE), COPY);
  it.orderBy(2);
  await it.keeper.keep([KAYLEE]);
  assert.deepEqual(it.zone.at(KAYLEE), { ...COPY, CAA: caaOf(2) });
});

Deno.test("NameKeeper writes CAA records as soon as nothing is in the way, and again once they are missed", async () => {
  await using it = keeperBench({ lookEveryMs: 1 });
  const token = await grantToken(it.store, "kaylee");
  it.claimed.add(KAYLEE);
  it.orderBy(1);
  it.zone.put(KAYLEE, "CAA", '0 issue "theirs.test"');
  it.keeper.start();
  await it.store.caa.set(token, "relay", "{}");
  await it.keeper.follow(KAYLEE);
  const before = it.turns();
  await until(() => it.turns() > before + 3, "some looks");
  assert.deepEqual(it.zone.at(KAYLEE).CAA, ['0 issue "theirs.test"']);
  const isThere = () => `${it.zone.at(KAYLEE).CAA}` === `${caaOf(1)}`;
  it.zone.put(KAYLEE, "CAA");
  await until(isThere, "the records, without what was in the way");
  it.zone.put(KAYLEE, "CAA");
  assert.equal((await it.keeper.inspectCaa(KAYLEE)).written, false);
  await until(isThere, "the records that somebody had removed");
  await it.keeper.stop();
});

Deno.test("NameKeeper reads no zone as a whole because a user wants other CAA records", async () => {
  await using it = keeperBench({ lookEveryMs: 1 });
  it.zone.put(`*.${BASE}`, "A", "192.0.2.1");
  const token = await grantToken(it.store, "kaylee");
  it.claimed.add(KAYLEE).add(APP);
  it.orderBy(1);
  let reads = 0;
  const { readZone } = it.zone.dns;
  it.zone.dns.readZone = (zone) => {
    reads++;
    return readZone(zone);
  };
  it.keeper.start();
  await until(() => it.zone.at(APP).A !== undefined, "the names' addresses");
  await it.store.caa.set(token, "relay", "{}");
  await until(() => it.zone.at(APP).CAA !== undefined, "records at the name below");
  await it.store.caa.set(token, undefined, "{}");
  await until(() => it.zone.at(APP).CAA === undefined, "none there");
  await it.keeper.stop();
  assert.equal(reads, 1);
});

Deno.test("NameKeeper takes a user's CAA records away at once, also where there is no wildcard", async () => {
  await using it = keeperBench();
  it.zone.put(`*.${ZONE}`, "A");
  it.zone.put(KAYLEE, "A", "192.0.2.7");
  const token = await followedByRelay(it);
  assert.deepEqual(it.zone.at(KAYLEE), { A: ["192.0.2.7"], CAA: caaOf(1) });
  await it.store.caa.set(token, undefined, "{}");
  await it.keeper.follow(KAYLEE);
  assert.deepEqual(it.zone.at(KAYLEE), { A: ["192.0.2.7"] });
});

Deno.test("NameKeeper waits for a silent authority a while only, and has no turn of the DNS meanwhile", async () => {
  await using it = keeperBench({ issuerWaitMs: 1 });
  const token = await grantToken(it.store, "kaylee");
  it.claimed.add(KAYLEE);
  await it.store.caa.set(token, "relay", "{}");
  const answer = Promise.withResolvers<Issuer>();
  it.orderBy(answer.promise);
  await it.keeper.keep([KAYLEE]);
  assert.deepEqual(it.zone.at(KAYLEE), COPY);
  const { why } = await it.keeper.inspectCaa(KAYLEE);
  assert.match(why!, /cannot tell yet/);
  answer.resolve(issuerOf(1));
  await until(async () => (await it.store.caa.issuers()).length > 0, "the late answer to be noted");
  await it.keeper.keep([KAYLEE]);
  assert.deepEqual(it.zone.at(KAYLEE), { ...COPY, CAA: caaOf(1) });
  assert.deepEqual(it.notes, []);
});
