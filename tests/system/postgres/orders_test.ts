import assert from "node:assert/strict";
import { OrderPostponedError } from "../../../lib/certificate/authority.ts";
import { createIssuance, type Issuance } from "../../../lib/issuance/issuance.ts";
import type { OrderStore, RequestRules } from "../../../lib/store/orders.ts";
import { orderTable } from "../../../lib/store/postgres/orders.ts";
import { parsePostgresUrl } from "../../../lib/wire/postgres_url.ts";
import { quickRequest, recordedLog, until } from "../../certificate/helpers.ts";
import { Interrupter } from "./interrupter.ts";
import { PostgresServer } from "./server.ts";
import { DisposableEngine, type Stores, storesOn } from "./stores.ts";

const RULES: RequestRules = { limit: 9, windowMs: 1_000, underWay: [], superseded: "{}" };
const READY = { certificate: "pem", notAfter: 9, renewAfter: 8 };

let server: PostgresServer;

Deno.test.beforeAll(async () => {
  server = await PostgresServer.start();
});

Deno.test.afterAll(() => server[Symbol.asyncDispose]());

/** Several relays, with so many orders of different users, `0` of `user0` and so on. */
async function relays(
  number: number,
  orders: number,
): Promise<Stores & { at: OrderStore[] }> {
  const opened = await storesOn(server, number);
  const at = opened.stores.map(({ orders }) => orders);
  for (let i = 0; i < orders; i++) {
    await at[0]!.submit({ id: `${i}`, username: `user${i}`, csr: "a csr", createdAt: i }, RULES);
  }
  return { ...opened, at };
}

/** Has all that was taken run out, as when its relays died over it. */
async function runOut({ database }: Stores): Promise<void> {
  await server.psql(
    "UPDATE certificate_order SET taken_until = 1 WHERE taken_until IS NOT NULL",
    database,
  );
}

Deno.test("of requests at two relays at once no more are let through than are allowed", async () => {
  await using two = await relays(2, 0);
  const states = await Promise.all(
    Array.from({ length: 12 }, (_, i) =>
      two.at[i % 2]!.submit(
        { id: `${i}`, username: "kaylee", csr: `csr ${i}`, createdAt: 5_000 },
        { ...RULES, limit: 3 },
      )),
  );
  assert.equal(states.filter(({ state }) => state === "queued").length, 3);
  assert.equal((await two.at[0]!.outlook(0)).pending.length, 1);
});

Deno.test("an order is one relay's at a time, and left to the next", async () => {
  await using two = await relays(2, 2);
  const [a, b] = two.at as [OrderStore, OrderStore];
  const budget = { since: 0, until: 9e15, limit: 9 };
  for (const id of ["0", "1"]) {
    const taken = await Promise.all([a, b].map((orders) => orders.take(id, budget)));
    assert.deepEqual(taken.toSorted(), [false, true], `order ${id}`);
    const [holder, other] = taken[0] ? [a, b] : [b, a];
    assert.equal(await holder.take(id), true, "kept");
    assert.equal(await other.take(id), false);
    await other.leave(id);
    assert.equal(await other.take(id), false, "was not its to leave");
    const { pending } = await other.outlook(0);
    assert.equal(pending.find((order) => order.id === id)?.elsewhere, true);
    await holder.leave(id);
    assert.equal(await other.take(id), true);
    await other.leave(id);
  }
  assert.equal(await a.take("0"), true);
  await runOut(two);
  assert.equal(await b.take("0"), true, "its relay died over it");
});

Deno.test("relays that take different orders keep to the budget of all, whatever they planned", async () => {
  await using three = await relays(3, 6);
  const [a, b, c] = three.at as [OrderStore, OrderStore, OrderStore];
  const budget = { since: 0, until: 9e15, limit: 3 };
  const taken = [];
  for (const [i, orders] of [a, b, a, b, a, b].entries()) {
    taken.push(await orders.take(`${i}`, budget));
  }
  assert.deepEqual(taken, [true, true, true, false, false, false]);
  assert.equal(await a.take("0", budget), true, "its own again");
  await a.finish({ id: "0", username: "user0" }, READY, 1);
  assert.equal(await c.take("3", budget), false, "one is signed, two are taken");
  await b.leave("1");
  const both = await Promise.all([a.take("4", budget), c.take("3", budget)]);
  assert.deepEqual(both.toSorted(), [false, true]);
  const renewal = { id: "renewal", username: "user0", csr: "another", createdAt: 9 };
  await b.submit(renewal, RULES);
  assert.equal(await b.take("renewal", budget), true, "renewals are beside the budget");
});

Deno.test("a newer request supersedes no order that another relay is placing", async () => {
  await using two = await relays(2, 1);
  const [a, b] = two.at as [OrderStore, OrderStore];
  await a.take("0", { since: 0, until: 9e15, limit: 9 });
  const newer = (id: string) =>
    b.submit({ id, username: "user0", csr: `csr ${id}`, createdAt: 5 }, RULES);
  assert.deepEqual(await newer("second"), { state: "queued", superseded: [] });
  assert.equal(await a.finish({ id: "0", username: "user0" }, READY, 6), true);
  await a.take("second");
  await runOut(two);
  assert.deepEqual(await newer("third"), { state: "queued", superseded: ["second"] });
});

Deno.test("a relay that has lost its order to another one does not end it", async () => {
  await using two = await relays(2, 1);
  const [a, b] = two.at as [OrderStore, OrderStore];
  await a.take("0");
  await runOut(two);
  await b.take("0");
  assert.equal(await a.fail("0", "{}", 5), false);
  assert.equal(await b.finish({ id: "0", username: "user0" }, READY, 6), true);
});

Deno.test("an order that failed at one relay rests at all of them", async () => {
  await using two = await relays(2, 1);
  const [a, b] = two.at as [OrderStore, OrderStore];
  await a.take("0");
  await a.leave("0", 600_000);
  await a.leave("0");
  for (const orders of [a, b]) {
    const [order] = (await orders.outlook(0)).pending;
    assert.ok(order?.restMs! > 590_000 && order?.restMs! <= 600_000, `${order?.restMs}`);
    assert.equal(await orders.take("0", { since: 0, until: 9e15, limit: 9 }), false);
  }
  await server.psql("UPDATE certificate_order SET retry_at = 1", two.database);
  assert.equal((await b.outlook(0)).pending[0]?.restMs, undefined);
  assert.equal(await b.take("0", { since: 0, until: 9e15, limit: 9 }), true);
});

Deno.test("a certificate that nobody gets counts once, though the answer to its commit is lost", async () => {
  await using one = await relays(1, 2);
  await using way = await Interrupter.open(server, one.database);
  await using engine = new DisposableEngine({ address: parsePostgresUrl(way.url) });
  const orders = orderTable(engine);
  for (const i of [0, 1]) await one.at[0]!.failPending(`user${i}`, "{}", 5);
  let lost = way.at("COMMIT", "lose answer");
  assert.equal(await orders.finish({ id: "0", username: "user0" }, READY, 6), false);
  await lost;
  lost = way.at("COMMIT", "lose answer");
  await orders.countSpent({ id: "1", username: "user1" }, 7);
  await lost;
  const counted = "SELECT ended_at FROM certificate_order WHERE status = 'ready' ORDER BY 1";
  assert.equal(await server.psql(counted, one.database), "6\n7");
});

Deno.test("when an authority names a time all relays wait for it", async () => {
  await using two = await relays(2, 0);
  await using stack = new AsyncDisposableStack();
  const asked: string[] = [];
  const postponed = Date.now() + 3_600_000;
  const [first, second] = two.stores.map((store) => {
    const issuance = createIssuance({
      store,
      authority: {
        kind: "acme",
        issue({ names }) {
          asked.push(...names);
          return Promise.reject(new OrderPostponedError("busy", postponed));
        },
      },
      log: recordedLog(),
    });
    stack.defer(() => issuance.stop());
    return issuance;
  });
  const submit = async (issuance: Issuance, username: string) =>
    await issuance.submit(username, `${username}.test`, await quickRequest(`${username}.test`));
  const rests = async (number: number) =>
    (await two.at[1]!.outlook(0)).pending.filter(({ restMs = 0 }) => restMs > 0).length === number;
  await submit(first!, "kaylee");
  await until(() => rests(1), "the first rests");
  // Has the other one look at the queue, and place what it may.
  await submit(second!, "inara");
  await until(() => rests(2), "the second rests");
  assert.deepEqual(asked, ["kaylee.test", "inara.test"]);
});
