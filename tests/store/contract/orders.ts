import assert from "node:assert/strict";
import { StoreError } from "../../../lib/store/error.ts";
import type { OrderRequest, RequestRules, Submitted } from "../../../lib/store/orders.ts";
import type { Store } from "../../../lib/store/store.ts";
import { grantToken } from "../grant_token.ts";
import type { Holds } from "./subject.ts";
import { TRACE } from "../trace.ts";

const READY = { certificate: "pem", notAfter: 10, renewAfter: 5 };
const RULES: RequestRules = {
  limit: 5,
  windowMs: 1_000,
  underWay: new Set(),
  superseded: '{"by":"another"}',
};

/** Asks for a certificate by a request of its own for each id. */
function submit(
  { orders }: Store,
  request: Partial<OrderRequest> & { id: string; username: string },
  rules: Partial<RequestRules> = {},
): Promise<Submitted> {
  return orders.submit(
    { csr: `csr of ${request.id}`, createdAt: 1, ...request },
    { ...RULES, ...rules },
  );
}

export function orderContract(holds: Holds): void {
  holds("requests of a clock that was set back since do not count", async ({ store }) => {
    const kaylee = { username: "kaylee" };
    const rules = { limit: 1 };
    const at = async (id: string, createdAt: number) =>
      (await submit(store, { id, ...kaylee, createdAt }, rules)).state;
    assert.equal(await at("years ahead", 1_000_000), "queued");
    assert.equal(await at("a moment later", 999_999), "limited");
    assert.equal(await at("right", 5_000), "queued");
    assert.equal(await at("too many", 5_001), "limited");
  });

  holds("an order is its user's, and stands where it was brought to", async ({ store }) => {
    const { orders } = store;
    await submit(store, { id: "good", username: "kaylee" });
    assert.deepEqual(await orders.get("kaylee", "good"), { status: "pending" });
    assert.equal(await orders.get("river", "good"), undefined);
    assert.equal(await orders.get("kaylee", "other"), undefined);
    const good = { id: "good", username: "kaylee" };
    assert.equal(await orders.take("good"), true);
    assert.equal(await orders.finish(good, READY, 2), true);
    assert.equal(await orders.take("good"), false);
    assert.deepEqual(await orders.get("kaylee", "good"), { status: "ready", ...READY });
    await submit(store, { id: "bad", username: "river" });
    assert.equal(await orders.take("bad"), true);
    assert.equal(await orders.fail("bad", '{"why":"not"}', 3), true);
    assert.equal(await orders.fail("bad", '{"why":"again"}', 3), false);
    assert.deepEqual(await orders.get("river", "bad"), {
      status: "failed",
      problem: '{"why":"not"}',
    });
  });

  holds(
    "names below a host are in use by what is pending and what was signed last",
    async ({ store }) => {
      const { orders } = store;
      await grantToken(store, "kaylee");
      const inUse = async () => (await orders.below()).get("kaylee");
      const sign = async (id: string, below: string[], at: number) => {
        await submit(store, { id, username: "kaylee", below, createdAt: at });
        const { pending: [queued] } = await orders.outlook(0);
        await orders.finish({ id, username: "kaylee" }, READY, at);
        return queued!.renewal;
      };
      assert.equal(await sign("plain", [], 1), false);
      assert.equal(await inUse(), undefined);
      assert.equal(await sign("two", ["app", "www"], 2), false);
      assert.deepEqual(await inUse(), new Set(["app", "www"]));
      assert.equal(await sign("again", ["app", "www"], 3), true);
      // Names that were never signed together count as a new one does.
      assert.deepEqual((await orders.outlook(0)).newNames.map(({ id }) => id), ["plain", "two"]);
      await submit(store, { id: "open", username: "kaylee", below: ["git"], createdAt: 4 });
      assert.deepEqual(await inUse(), new Set(["app", "www", "git"]));
      await submit(store, { id: "another", username: "inara", below: ["tea"], createdAt: 4 });
      assert.deepEqual(await orders.below("inara"), new Map([["inara", new Set(["tea"])]]));
      assert.deepEqual(await orders.below("river"), new Map());
      await orders.failPending("kaylee", "{}", 5);
      assert.equal(await sign("fewer", ["www"], 6), false);
      assert.deepEqual(await inUse(), new Set(["www"]));
      await store.accounts.release("kaylee", TRACE);
      assert.deepEqual([...(await orders.below()).keys()], ["inara"]);
    },
  );

  holds("orders are served in their order, renewals first", async ({ store }) => {
    const { orders } = store;
    await submit(store, { id: "old", username: "kaylee", createdAt: 1 });
    await orders.finish({ id: "old", username: "kaylee" }, READY, 1);
    await submit(store, { id: "new", username: "inara", csr: "b", createdAt: 2 });
    await submit(store, { id: "renewal", username: "kaylee", csr: "c", createdAt: 3 });
    await store.accounts.setBlocked("inara", true, TRACE);
    const common = { blocked: false, renewal: false };
    assert.deepEqual(await orders.outlook(0), {
      pending: [
        { ...common, id: "renewal", username: "kaylee", csr: "c", createdAt: 3, renewal: true },
        { ...common, id: "new", username: "inara", csr: "b", createdAt: 2, blocked: true },
      ],
      newNames: [{ id: "old", at: 1, username: "kaylee" }],
    });
    assert.deepEqual(await orders.newest("kaylee"), { certificate: "pem", notAfter: 10 });
    assert.equal(await orders.newest("inara"), undefined);
  });

  holds("a certificate for a new name counts, a renewal does not", async ({ store }) => {
    const { orders } = store;
    for (const [id, username, at] of [["1", "a", 10], ["2", "a", 11], ["3", "b", 12]] as const) {
      await submit(store, { id, username });
      await orders.finish({ id, username }, READY, at);
    }
    const newNames = async (since: number) => (await orders.outlook(since)).newNames;
    const last = { id: "3", at: 12, username: "b" };
    assert.deepEqual(await newNames(9), [{ id: "1", at: 10, username: "a" }, last]);
    // Whose it was counts, not who has the name.
    await store.accounts.release("b", TRACE);
    assert.deepEqual(await newNames(10), [last]);
  });

  holds("the very same request is the order that is pending", async ({ store }) => {
    await submit(store, { id: "1", username: "kaylee", csr: "csr" });
    const same = { username: "kaylee", csr: "csr" };
    assert.deepEqual(await submit(store, { id: "2", ...same }), { state: "known", id: "1" });
    await store.orders.failPending("kaylee", "{}", 2);
    assert.deepEqual(await submit(store, { id: "2", ...same }), {
      state: "queued",
      superseded: [],
    });
  });

  holds("a newer request ends the user's waiting ones, not those under way", async ({ store }) => {
    await submit(store, { id: "running", username: "kaylee" });
    await submit(store, { id: "other", username: "inara" });
    const underWay = new Set(["running"]);
    await submit(store, { id: "waiting", username: "kaylee" }, { underWay });
    const submitted = await submit(store, { id: "newer", username: "kaylee" }, { underWay });
    assert.deepEqual(submitted, { state: "queued", superseded: ["waiting"] });
    assert.deepEqual(await store.orders.get("kaylee", "waiting"), {
      status: "failed",
      problem: RULES.superseded,
    });
    const { pending } = await store.orders.outlook(0);
    assert.deepEqual(pending.map(({ id }) => id).sort(), ["newer", "other", "running"]);
  });

  holds("of requests at once no more are let through than are allowed", async ({ store }) => {
    const submitted = await Promise.all(
      Array.from({ length: 9 }, (_, i) => submit(store, { id: `${i}`, username: "kaylee" })),
    );
    assert.equal(submitted.filter(({ state }) => state === "queued").length, 5);
    const limited = { state: "limited", accepted: [1, 1, 1, 1, 1] };
    assert.deepEqual(submitted.filter(({ state }) => state !== "queued"), Array(4).fill(limited));
    // They are counted over a stretch of time.
    const { state } = await submit(store, { id: "b", username: "kaylee", createdAt: 1_001 });
    assert.equal(state, "queued");
  });

  holds("requests count beyond the release of the name", async ({ store }) => {
    const { orders } = store;
    await submit(store, { id: "1", username: "kaylee" });
    await orders.finish({ id: "1", username: "kaylee" }, READY, 2);
    await store.accounts.release("kaylee", TRACE);
    const submitted = await submit(store, { id: "2", username: "kaylee" }, { limit: 1 });
    assert.deepEqual(submitted, { state: "limited", accepted: [1] });
  });

  holds("a request with a token needs that of the account", async ({ store }) => {
    const old = await grantToken(store, "kaylee");
    const token = await grantToken(store, "kaylee");
    const inara = await grantToken(store, "inara");
    for (const other of [old, inara, ""]) {
      const submitted = await submit(store, { id: "1", username: "kaylee", token: other });
      assert.deepEqual(submitted, { state: "revoked" });
    }
    assert.deepEqual((await store.orders.outlook(0)).pending, []);
    const { state } = await submit(store, { id: "1", username: "kaylee", token });
    assert.equal(state, "queued");
  });

  holds("a user's pending orders end together", async ({ store }) => {
    const { orders } = store;
    await submit(store, { id: "1", username: "kaylee" });
    await submit(store, { id: "2", username: "kaylee" }, { underWay: new Set("1") });
    await submit(store, { id: "3", username: "inara" });
    assert.equal(await orders.failPending("kaylee", "{}", 2), 2);
    assert.equal(await orders.failPending("kaylee", "{}", 2), 0);
    assert.deepEqual((await orders.outlook(0)).pending.map(({ id }) => id), ["3"]);
  });

  holds("a certificate that nobody gets counts, but as no request", async ({ store }) => {
    const { orders } = store;
    const late = { id: "1", username: "kaylee" };
    const lost = { id: "2", username: "inara" };
    for (const order of [late, lost]) await submit(store, { ...order, createdAt: 5_000 });
    // Its order gets it yet.
    await orders.countSpent(lost, 5_001);
    assert.deepEqual((await orders.outlook(0)).newNames, []);
    for (const { username } of [late, lost]) await orders.failPending(username, "{}", 5_002);
    assert.equal(await orders.finish(late, READY, 5_003), false);
    await orders.countSpent(lost, 5_004);
    assert.deepEqual((await orders.outlook(0)).newNames.map(({ at }) => at), [5_003, 5_004]);
    for (const { id, username } of [late, lost]) {
      assert.equal((await orders.get(username, id))?.status, "failed");
      assert.equal(await orders.newest(username), undefined);
    }
    const again = { id: "3", username: "kaylee", createdAt: 5_005 };
    assert.equal((await submit(store, again, { limit: 2 })).state, "queued");
  });

  holds("an order that ends twice with one certificate has cost one", async ({ store }) => {
    const { orders } = store;
    const order = { id: "1", username: "kaylee" };
    await submit(store, order);
    assert.equal(await orders.finish(order, READY, 2), true);
    assert.equal(await orders.finish(order, READY, 3), true);
    assert.equal((await orders.outlook(0)).newNames.length, 1);
    assert.equal(await orders.finish(order, { ...READY, certificate: "other" }, 4), false);
    assert.equal((await orders.newest("kaylee"))?.certificate, READY.certificate);
  });

  holds("what an order came to waits for a lock when others have given up", async (subject) => {
    const { store, lock } = subject;
    const { orders } = store;
    for (const id of ["1", "2", "3"]) await submit(store, { id, username: `user${id}` });
    await orders.take("2");
    await orders.failPending("user3", "{}", 2);
    let patient;
    {
      await using _held = await lock();
      patient = Promise.all([
        orders.finish({ id: "1", username: "user1" }, READY, 2),
        orders.fail("2", "{}", 2),
        orders.countSpent({ id: "3", username: "user3" }, 2),
      ]);
      await assert.rejects(orders.failPending("user1", "{}", 2), StoreError);
    }
    assert.deepEqual(await patient, [true, true, undefined]);
    assert.equal((await orders.outlook(0)).newNames.length, 2);
  });

  holds("old orders are removed, but the last two certificates of a user", async ({ store }) => {
    const { orders } = store;
    for (let i = 1; i <= 4; i++) {
      await submit(store, { id: `${i}`, username: "kaylee", createdAt: i });
      await orders.finish({ id: `${i}`, username: "kaylee" }, READY, i);
    }
    await submit(store, { id: "failed", username: "kaylee", createdAt: 1 }, { limit: 9 });
    await orders.failPending("kaylee", "{}", 5);
    await submit(store, { id: "pending", username: "kaylee", createdAt: 1 }, { limit: 9 });
    await orders.prune(6);
    const left = [];
    for (const id of ["1", "2", "3", "4", "failed", "pending"]) {
      if (await orders.get("kaylee", id) !== undefined) left.push(id);
    }
    assert.deepEqual(left, ["3", "4", "pending"]);
  });
}
