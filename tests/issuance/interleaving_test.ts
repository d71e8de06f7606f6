import assert from "node:assert/strict";
import type { Authority } from "../../lib/certificate/authority.ts";
import type { Issuance } from "../../lib/issuance/issuance.ts";
import type { OrderStore } from "../../lib/store/orders.ts";
import { until } from "../certificate/helpers.ts";
import { type Holdable, holdable, settle } from "../store/held.ts";
import { baseDomain, type Bench, bench, isReady, untilAborted } from "./bench.ts";
import { TRACE } from "../store/trace.ts";

/** What happens between a question to the store and its answer. */

interface Slow extends AsyncDisposable {
  it: Bench;
  issuance: Issuance;
  orders: Holdable<OrderStore>;
  /** Lets the order of a name, which waits at the authority, be signed. */
  sign(username: string): void;
}

/** Issuance over a store whose calls are held back, with an authority that waits for a word. */
async function slow(options: { perWeek?: number; concurrency?: number } = {}): Promise<Slow> {
  const it = await bench();
  const gates = new Map<string, PromiseWithResolvers<void>>();
  const gateOf = (name: string): PromiseWithResolvers<void> => {
    const gate = gates.get(name) ?? Promise.withResolvers<void>();
    gates.set(name, gate);
    return gate;
  };
  it.authority.issue = async (order) => {
    await Promise.race([gateOf(order.names[0]!).promise, untilAborted(order)]);
    return await it.authority.real.issue(order);
  };
  let orders: Holdable<OrderStore>;
  const issuance = it.start({ ...options, wrap: (real) => (orders = holdable(real)).kind });
  return {
    it,
    issuance,
    orders: orders!,
    sign: (username) => gateOf(`${username}.${baseDomain}`).resolve(),
    [Symbol.asyncDispose]: () => it[Symbol.asyncDispose](),
  };
}

/** The hosts of users. */
function hosts(...usernames: string[]): string[] {
  return usernames.map((username) => `${username}.${baseDomain}`);
}

Deno.test("an order that ends while the queue is read is neither ordered again nor left out of the budget", async () => {
  await using world = await slow({ perWeek: 1 });
  const { it, issuance, orders } = world;
  const first = await it.accepted(issuance, "kaylee");
  await it.accepted(issuance, "inara");
  await settle();
  assert.deepEqual(it.authority.names, hosts("kaylee"));

  const queue = orders.holdAnswer("outlook");
  const zoe = it.accepted(issuance, "zoe");
  await queue.reached;
  // In the answer that is on its way the first one is pending, and nothing was signed.
  world.sign("kaylee");
  await until(isReady(it, "kaylee", first), "the certificate");
  await settle();
  queue.release();
  await zoe;
  await settle();
  assert.deepEqual(it.authority.names, hosts("kaylee"));
  const { newNamesThisWeek, running, waiting } = await issuance.counts();
  assert.deepEqual([newNamesThisWeek, running, waiting], [1, 0, 2]);
});

Deno.test("an order whose end is not known yet counts once against the budget", async () => {
  await using world = await slow({ perWeek: 2 });
  const { it, issuance, orders } = world;
  await it.accepted(issuance, "kaylee");
  const end = orders.holdAnswer("finish");
  world.sign("kaylee");
  await end.reached;
  // Signed in the store, and under way as far as the queue knows.
  await it.accepted(issuance, "inara");
  await settle();
  assert.deepEqual(it.authority.names, hosts("kaylee", "inara"));
  await it.accepted(issuance, "zoe");
  await settle();
  assert.deepEqual(it.authority.names, hosts("kaylee", "inara"));
  end.release();
});

Deno.test("passes over the queue that are asked for at once start an order once", async () => {
  await using world = await slow();
  const { it, issuance, orders } = world;
  const queue = orders.holdAnswer("outlook");
  const accepted = Promise.all(["kaylee", "inara", "zoe"].map((u) => it.accepted(issuance, u)));
  await queue.reached;
  await settle();
  queue.release();
  await accepted;
  await settle();
  assert.deepEqual(it.authority.names.toSorted(), hosts("inara", "kaylee", "zoe"));
});

/** How an order may end that is about to be started. */
const ENDS: Record<string, (it: Bench, issuance: Issuance) => Promise<unknown>> = {
  async blocked(it, issuance) {
    await it.store.accounts.setBlocked("kaylee", true, TRACE);
    await issuance.suspend("kaylee");
  },
  released: (it, issuance) => it.release(issuance, "kaylee"),
};

for (const [end, bringAbout] of Object.entries(ENDS)) {
  Deno.test(`nothing is ordered for a name that is ${end} while the queue is read`, async () => {
    await using world = await slow({ concurrency: 1 });
    const { it, issuance, orders } = world;
    await it.accepted(issuance, "river");
    const waiting = await it.accepted(issuance, "kaylee");
    const queue = orders.holdAnswer("outlook");
    world.sign("river");
    await queue.reached;
    await bringAbout(it, issuance);
    queue.release();
    world.sign("zoe");
    const zoe = await it.accepted(issuance, "zoe");
    await until(isReady(it, "zoe", zoe), "the next");
    assert.deepEqual(it.authority.names, hosts("river", "zoe"));
    assert.notEqual((await issuance.get("kaylee", waiting))?.status, "pending");
  });

  Deno.test(`nothing is ordered for a name that is ${end} while its order starts`, async () => {
    await using world = await slow();
    const { it, issuance, orders } = world;
    const newest = orders.holdAnswer("newest");
    await it.accepted(issuance, "kaylee");
    await newest.reached;
    await bringAbout(it, issuance);
    newest.release();
    await until(async () => (await issuance.counts()).running === 0, "the end of the order");
    assert.deepEqual(it.authority.names, []);
    assert.equal((await issuance.counts()).newNamesThisWeek, 0);
  });
}

Deno.test("an order that starts while a newer request supersedes it is given up", async () => {
  await using world = await slow({ concurrency: 1 });
  const { it, issuance, orders } = world;
  const unreachable = Promise.withResolvers<string>();
  let aborted = false;
  const issue: Authority["issue"] = it.authority.issue;
  it.authority.issue = (order) => {
    if (order.names[0] === hosts("river")[0]) return unreachable.promise;
    order.signal?.addEventListener("abort", () => aborted = true);
    return issue(order);
  };
  await it.accepted(issuance, "river");
  const older = await it.accepted(issuance, "kaylee");
  const request = orders.holdCall("submit");
  const newer = it.accepted(issuance, "kaylee");
  await request.reached;
  // The one under way ends for now, and the older one of the two gets its turn.
  unreachable.reject(new Error("cannot reach the authority"));
  await until(() => it.authority.names.length === 2, "the older order");
  request.release();
  const id = await newer;
  assert.ok(aborted);
  const state = await issuance.get("kaylee", older);
  assert.equal(
    state?.status === "failed" && state.problem.type,
    "urn:glosson:problem:superseded",
  );
  world.sign("kaylee");
  await until(isReady(it, "kaylee", id), "the newer one");
});

Deno.test("get() of an order that ends while the queue is read has it asked for again", async () => {
  await using world = await slow();
  const { it, issuance, orders } = world;
  const id = await it.accepted(issuance, "kaylee");
  const read = orders.holdAnswer("get");
  const state = issuance.get("kaylee", id);
  await read.reached;
  world.sign("kaylee");
  await until(isReady(it, "kaylee", id), "the certificate");
  read.release();
  assert.deepEqual(await state, { status: "pending", retryAfterS: 2 });
  assert.equal((await issuance.get("kaylee", id))?.status, "ready");
});

Deno.test("the queue goes on after the store could not be read", async () => {
  const it = await bench();
  await using _it = it;
  let failing = false;
  const issuance = it.start({
    wrap: (real) => ({
      ...real,
      outlook: (since) => failing ? Promise.reject(new Error("gone")) : real.outlook(since),
    }),
  });
  failing = true;
  const first = await it.accepted(issuance, "kaylee");
  await settle();
  assert.deepEqual(it.authority.names, []);
  failing = false;
  const second = await it.accepted(issuance, "inara");
  await until(isReady(it, "kaylee", first), "the first");
  await until(isReady(it, "inara", second), "the second");
});
