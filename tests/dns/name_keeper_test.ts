import assert from "node:assert/strict";
import { NameKeeper } from "../../lib/dns/name_keeper.ts";
import { nameCaaReader } from "../../lib/dns/name_caa.ts";
import { until } from "../certificate/helpers.ts";
import { grantToken } from "../store/grant_token.ts";
import { memoryStore } from "../store/helpers.ts";
import { TRACE } from "../store/trace.ts";
import { memoryZone } from "./memory_zone.ts";

const ZONE = "example.test";
const BASE = `glosson.${ZONE}`;
const [KAYLEE, APP, RIVER] = [`kaylee.${BASE}`, `app.kaylee.${BASE}`, `river.${BASE}`];

/** A keeper on a zone in memory, whose wildcard answers for the base domain as well. */
function keeperBench({ lookEveryMs }: { lookEveryMs?: number } = {}) {
  const zone = memoryZone(ZONE);
  zone.put(`*.${ZONE}`, "A", "192.0.2.1");
  const claimed = new Set<string>();
  const { store } = memoryStore();
  const notes: string[] = [];
  let turns = 0;
  let failing: Error | undefined;
  /** The relay's own, as `caaOf` numbers them; none where it cannot be told. */
  let account: number | undefined;
  const keeper = new NameKeeper({
    baseDomain: BASE,
    dns: zone.dns,
    inTurn(action) {
      turns++;
      return failing === undefined ? action() : Promise.reject(failing);
    },
    store: store.names,
    claimed: () => Promise.resolve(claimed),
    isClaimed: (name) => Promise.resolve(claimed.has(name)),
    caa: nameCaaReader({
      baseDomain: BASE,
      store: store.caa,
      relay: "relay-1",
      issuer: () =>
        account === undefined
          ? Promise.reject(new Error("no account yet"))
          : Promise.resolve(issuerOf(account)),
      onNote: (note) => void notes.push(note),
    }),
    onNote: (note) => void notes.push(note),
    ...(lookEveryMs !== undefined && { lookEveryMs }),
  });
  return {
    ...{ zone, claimed, keeper, notes, store },
    orderBy: (number: number) => account = number,
    turns: () => turns,
    fail: (why?: Error) => failing = why,
    [Symbol.asyncDispose]: () => store.close(),
  };
}

const issuerOf = (number: number) => ({
  authority: "ca.test",
  accountUrl: `https://ca.test/acct/${number}`,
});

/** What alone the relay's account of a number may. */
const caaOf = (number: number, method = "dns-01") => [
  `0 issue "ca.test; accounturi=https://ca.test/acct/${number}; validationmethods=${method}"`,
  '0 issuewild ";"',
];

const COPY = { A: ["192.0.2.1"] };

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

Deno.test("NameKeeper keeps a user's CAA records at the name and those below it, as the relay's account is", async () => {
  await using it = keeperBench();
  const token = await grantToken(it.store, "kaylee");
  for (const name of [KAYLEE, APP, RIVER]) it.claimed.add(name);
  await it.keeper.keep([...it.claimed]);
  await it.store.caa.set(token, "relay");
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
  assert.equal((await it.keeper.inspectCaa(KAYLEE)).written, false);
  await it.keeper.keep([KAYLEE]);
  assert.deepEqual(it.zone.at(KAYLEE), withCaa(caaOf(2)));
  await it.store.caa.set(token, issuerOf(7));
  await it.keeper.follow(KAYLEE);
  assert.deepEqual(it.zone.at(APP), withCaa(caaOf(7, "tls-alpn-01")));
  await it.store.caa.set(token, undefined);
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
  await it.store.caa.set(token, "relay");
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
