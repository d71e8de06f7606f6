import assert from "node:assert/strict";
import { openPostgres } from "../../../lib/store/postgres/open.ts";
import { MIGRATIONS } from "../../../lib/store/postgres/schema.ts";
import type { Store } from "../../../lib/store/store.ts";
import { parsePostgresUrl } from "../../../lib/wire/postgres_url.ts";
import { until } from "../../certificate/helpers.ts";
import { grantToken } from "../../store/grant_token.ts";
import { TRACE } from "../../store/trace.ts";
import { PostgresServer } from "./server.ts";

/** How often two relays try to get into each other's way. */
const ROUNDS = 20;

let server: PostgresServer;

Deno.test.beforeAll(async () => {
  server = await PostgresServer.start();
});

Deno.test.afterAll(() => server[Symbol.asyncDispose]());

/** Opens the stores of several relays on one new database, at once. */
async function relays(number: number): Promise<AsyncDisposable & { stores: Store[]; url: string }> {
  const url = await server.createDatabase();
  const address = parsePostgresUrl(url);
  const stores = await Promise.all(
    Array.from({ length: number }, () => openPostgres({ address })),
  );
  return {
    stores,
    url,
    async [Symbol.asyncDispose]() {
      await Promise.all(stores.map((store) => store.close()));
    },
  };
}

function claim(number: number, username: string, profileId?: string) {
  const hash = new Uint8Array(32);
  new DataView(hash.buffer).setUint32(0, number);
  return { hash, expiresAt: Number.MAX_SAFE_INTEGER, username, mayBeNew: true, profileId };
}

Deno.test("relays that start at once make the schema once", async () => {
  await using three = await relays(3);
  const { pathname } = new URL(three.url);
  const schema = await server.psql("SELECT version, needs FROM glossond_schema", pathname.slice(1));
  assert.equal(schema, `${MIGRATIONS.length}|${MIGRATIONS.at(-1)!.needs}`);
});

Deno.test("a schema that takes a newer glossond is refused, one that does not is used", async () => {
  await using one = await relays(1);
  const database = new URL(one.url).pathname.slice(1);
  const place = { address: parsePostgresUrl(one.url) };
  await server.psql("UPDATE glossond_schema SET version = 1000", database);
  await (await openPostgres(place)).close();
  await server.psql("UPDATE glossond_schema SET needs = 900", database);
  await assert.rejects(openPostgres(place), /has schema 1000, which takes .* 900.*: run the newer/);
  assert.equal(await server.psql("SELECT version FROM glossond_schema", database), "1000");
});

Deno.test("of two relays that grant one claim at once one does, and of two of a name one stays", async () => {
  await using two = await relays(2);
  const [a, b] = two.stores as [Store, Store];
  for (let round = 0; round < ROUNDS; round++) {
    const username = `user${round}`;
    const same = await Promise.all([a, b].map((s) => s.claims.grant(claim(round, username))));
    assert.deepEqual(same.map(({ state }) => state).sort(), ["granted", "used"]);
    const both = await Promise.all(
      [a, b].map((store, i) => store.claims.grant(claim(1_000 + 2 * round + i, `new${round}`))),
    );
    const replaced = both.map((grant) => grant.state === "granted" && grant.replaced);
    assert.deepEqual(replaced.sort(), [false, true]);
    const found = await Promise.all(
      both.map((grant) => a.accounts.byToken(grant.state === "granted" ? grant.token : "")),
    );
    assert.equal(found.filter((account) => account !== undefined).length, 1);
  }
  assert.equal((await b.accounts.counts()).total, 2 * ROUNDS);
});

Deno.test("a name is never granted behind a block or a release of another relay", async () => {
  await using two = await relays(2);
  const [a, b] = two.stores as [Store, Store];
  for (let round = 0; round < ROUNDS; round++) {
    const username = `user${round}`;
    const [grant] = await Promise.all([
      a.claims.grant(claim(round, username, "7")),
      b.accounts.setBlocked(username, true, TRACE),
    ]);
    const account = await a.accounts.byUsername(username);
    assert.equal(account !== undefined, grant.state === "granted");
    await b.accounts.setBlocked(username, false, TRACE);
    await a.claims.grant(claim(100 + round, username, "7"));
    const [released, stranger] = await Promise.all([
      a.accounts.release(username, TRACE, { restMs: 60_000 }),
      b.claims.grant(claim(1_000 + round, username, "8")),
    ]);
    // Before the release the stranger replaces the account, which is gone then; after it the name rests.
    assert.equal(released, true);
    assert.equal(await a.accounts.byUsername(username), undefined, stranger.state);
  }
});

Deno.test("of requests at two relays at once no more are let through than are allowed", async () => {
  await using two = await relays(2);
  const rules = { limit: 3, windowMs: 1_000, underWay: [], superseded: "{}" };
  const states = await Promise.all(
    Array.from({ length: 12 }, (_, i) =>
      two.stores[i % 2]!.orders.submit(
        { id: `${i}`, username: "kaylee", csr: `csr ${i}`, createdAt: 5_000 },
        rules,
      )),
  );
  assert.equal(states.filter(({ state }) => state === "queued").length, 3);
  assert.equal((await two.stores[0]!.orders.outlook(0)).pending.length, 1);
});

Deno.test("what two relays count and mark at once is all there", async () => {
  await using two = await relays(2);
  const names = Array.from({ length: 30 }, (_, i) => `user${i}`);
  await Promise.all(names.map((name) => grantToken(two.stores[0]!, name)));
  const passed = { visitors: 1, dialled: 1, bytesToClient: 10, bytesToVisitors: 100 };
  await Promise.all(
    Array.from({ length: ROUNDS }, async (_, round) => {
      const store = two.stores[round % 2]!;
      const order = round % 3 === 0 ? names : names.toReversed();
      await store.figures.add(new Map(order.map((name) => [name, passed])), 1);
      await store.onlineTimes.markSeen(
        new Map(order.map((name) => [name, { at: round + 1, attendance: "online" as const }])),
      );
    }),
  );
  for (const name of names) {
    const figures = await two.stores[1]!.figures.of(name);
    assert.deepEqual([figures?.visitors, figures?.day.bytes], [ROUNDS, ROUNDS * 110]);
    assert.equal((await two.stores[1]!.accounts.byUsername(name))?.lastOnlineAt, ROUNDS);
  }
});

Deno.test("what one relay changes another knows within a second", async () => {
  await using two = await relays(2);
  const [a, b] = two.stores as [Store, Store];
  const token = await grantToken(a, "kaylee");
  const hidden = await b.accounts.hiddenNames();
  await a.accounts.setPreferences(token, { offlinePage: "none" });
  await until(() => hidden.has("kaylee"), "it is hidden", 1_000);
  await a.accounts.release("kaylee", TRACE);
  await until(() => !hidden.has("kaylee"), "it is not", 1_000);
});

Deno.test("an order is taken by one relay, within the budget of all, and left to the next", async () => {
  await using two = await relays(2);
  const [a, b] = two.stores.map(({ orders }) => orders) as [Store["orders"], Store["orders"]];
  const rules = { limit: 9, windowMs: 1_000, underWay: [], superseded: "{}" };
  for (let i = 0; i < 6; i++) {
    await a.submit({ id: `${i}`, username: `user${i}`, csr: "a csr", createdAt: i }, rules);
  }
  const budget = { since: 0, limit: 3 };
  for (let i = 0; i < 3; i++) {
    const taken = await Promise.all([a, b].map((orders) => orders.take(`${i}`, budget)));
    assert.deepEqual(taken.toSorted(), [false, true], `order ${i}`);
  }
  // What a relay has taken itself it has planned with; of the others it cannot take more than is left.
  const mine = (await a.outlook(0)).pending.filter(({ elsewhere }) => !elsewhere).map(({ id }) =>
    id
  );
  const others = (await b.outlook(0)).pending.filter(({ elsewhere }) => !elsewhere);
  assert.equal(mine.length + others.length, 6 + 3);
  await a.finish(
    { id: "0", username: "user0" },
    { certificate: "", notAfter: 9, renewAfter: 8 },
    1,
  );
  const open = ["1", "2"];
  for (const id of open) {
    const holder = mine.includes(id) ? a : b;
    const other = holder === a ? b : a;
    assert.equal(await holder.take(id), true, "kept");
    assert.equal(await other.take(id), false);
    await other.leave(id);
    assert.equal(await other.take(id), false, "was not its to leave");
    await holder.leave(id);
    assert.equal(await other.take(id), true);
    await other.leave(id);
  }
  // One is signed; two are free, of which both relays want three at once.
  const third = await relaysOf(two.url);
  await using _third = third;
  assert.equal(await third.orders.take("3", budget), true);
  assert.equal(await a.take("4", budget), true);
  assert.equal(await b.take("5", budget), false, "the budget is used up");
  // Whose relay died over it is another's after its time.
  const database = new URL(two.url).pathname.slice(1);
  await server.psql("UPDATE certificate_order SET taken_until = 1 WHERE id = '3'", database);
  assert.equal(await b.take("3", budget), true);
});

/** One more store on a database. */
async function relaysOf(url: string): Promise<Store & AsyncDisposable> {
  const store = await openPostgres({ address: parsePostgresUrl(url) });
  return Object.assign(store, { [Symbol.asyncDispose]: () => store.close() });
}
