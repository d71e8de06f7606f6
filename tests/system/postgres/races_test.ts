import assert from "node:assert/strict";
import { openPostgres } from "../../../lib/store/postgres/open.ts";
import { MIGRATIONS } from "../../../lib/store/postgres/schema.ts";
import type { Store } from "../../../lib/store/store.ts";
import { parsePostgresUrl } from "../../../lib/wire/postgres_url.ts";
import { until } from "../../certificate/helpers.ts";
import { grantToken } from "../../store/grant_token.ts";
import { TRACE } from "../../store/trace.ts";
import { PostgresServer } from "./server.ts";
import { storesOn } from "./stores.ts";

/** How often two relays try to get into each other's way. */
const ROUNDS = 20;

let server: PostgresServer;

Deno.test.beforeAll(async () => {
  server = await PostgresServer.start();
});

Deno.test.afterAll(() => server[Symbol.asyncDispose]());

function claim(number: number, username: string, profileId?: string) {
  const hash = new Uint8Array(32);
  new DataView(hash.buffer).setUint32(0, number);
  return { hash, expiresAt: Number.MAX_SAFE_INTEGER, username, mayBeNew: true, profileId };
}

Deno.test("relays that start at once make the schema once", async () => {
  await using three = await storesOn(server, 3);
  const { pathname } = new URL(three.url);
  const schema = await server.psql("SELECT version, needs FROM glossond_schema", pathname.slice(1));
  assert.equal(schema, `${MIGRATIONS.length}|${MIGRATIONS.at(-1)!.needs}`);
});

Deno.test("a schema that takes a newer glossond is refused, one that does not is used", async () => {
  await using one = await storesOn(server, 1);
  const database = new URL(one.url).pathname.slice(1);
  const place = { address: parsePostgresUrl(one.url) };
  await server.psql("UPDATE glossond_schema SET version = 1000", database);
  await (await openPostgres(place)).close();
  await server.psql("UPDATE glossond_schema SET needs = 900", database);
  await assert.rejects(openPostgres(place), /has schema 1000, which takes .* 900.*: run the newer/);
  assert.equal(await server.psql("SELECT version FROM glossond_schema", database), "1000");
});

Deno.test("of two relays that grant one claim at once one does, and of two of a name one stays", async () => {
  await using two = await storesOn(server, 2);
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
  await using two = await storesOn(server, 2);
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

Deno.test("what two relays count and mark at once is all there", async () => {
  await using two = await storesOn(server, 2);
  const names = Array.from({ length: 30 }, (_, i) => `user${i}`);
  await Promise.all(names.map((name) => grantToken(two.stores[0]!, name)));
  const passed = { visitors: 1, dialled: 1, bytesToClient: 10, bytesToVisitors: 100 };
  await Promise.all(
    Array.from({ length: ROUNDS }, async (_, round) => {
      const store = two.stores[round % 2]!;
      const order = round % 3 === 0 ? names : names.toReversed();
      await store.figures.add({
        ...{ writer: `${round}`, number: 1, day: 1 },
        passed: new Map(order.map((name) => [name, passed])),
      });
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
  await using two = await storesOn(server, 2);
  const [a, b] = two.stores as [Store, Store];
  const token = await grantToken(a, "kaylee");
  const hidden = await b.accounts.hiddenNames();
  await a.accounts.setPreferences(token, { offlinePage: "none" });
  await until(() => hidden.has("kaylee"), "it is hidden", 1_000);
  await a.accounts.release("kaylee", TRACE);
  await until(() => !hidden.has("kaylee"), "it is not", 1_000);
});
