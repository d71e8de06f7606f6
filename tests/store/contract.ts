import assert from "node:assert/strict";
import type { Store } from "../../lib/store/store.ts";

/** A store under test, the clock that it goes by, and how it is opened anew on what it kept. */
export interface Subject {
  store: Store;
  clock: { now: number };
  reopen(): Promise<Store>;
}

/** What any implementation of {@linkcode Store} has to do, whatever engine is behind it. */
export function storeContract(
  engine: string,
  withStore: (use: (subject: Subject) => Promise<void>) => Promise<void>,
): void {
  function holds(what: string, use: (subject: Subject) => Promise<void>): void {
    Deno.test(`${engine}: ${what}`, () => withStore(use));
  }

  holds("a token is found by itself alone, and a new one replaces it", async ({ store }) => {
    const { accounts } = store;
    const first = await store.write(() => accounts.grantToken("kaylee"));
    assert.equal(accounts.byToken(first)?.username, "kaylee");
    assert.equal(accounts.byToken(`${first}x`), undefined);
    assert.equal(accounts.byToken(""), undefined);
    const second = await store.write(() => accounts.grantToken("kaylee"));
    assert.equal(accounts.byToken(first), undefined);
    assert.equal(accounts.byToken(second)?.username, "kaylee");
  });

  holds("what was written is there when it is opened anew", async ({ store, reopen }) => {
    const token = await store.write(() => store.accounts.grantToken("kaylee"));
    await store.accounts.setPreferences("kaylee", { away: "back on Monday" });
    await store.accounts.setBlocked("mallory", true);
    const again = await reopen();
    const account = again.accounts.byToken(token);
    assert.equal(account?.preferences.away, "back on Monday");
    assert.equal(again.accounts.isBlocked("mallory"), true);
    assert.deepEqual(again.claimKey(), store.claimKey());
  });

  holds("work that throws changes nothing", async ({ store }) => {
    await assert.rejects(
      store.write(() => {
        store.accounts.grantToken("kaylee");
        store.orders.insert({ id: "1", username: "kaylee", csr: "csr", createdAt: 1 });
        throw new Error("no");
      }),
      /^Error: no$/,
    );
    assert.equal(store.accounts.byUsername("kaylee"), undefined);
    assert.deepEqual(store.orders.queue(), []);
  });

  holds("of many at once each has its own whole", async ({ store }) => {
    const names = Array.from({ length: 50 }, (_, i) => `user${i}`);
    await Promise.all(names.map((name) => store.write(() => store.accounts.grantToken(name))));
    assert.deepEqual(store.accounts.list().map(({ username }) => username), names.toSorted());
    assert.equal(store.accounts.counts().total, 50);
  });

  holds("a release takes the account and what goes with it, the block stays", async ({ store }) => {
    const { accounts, orders } = store;
    const token = await store.write(() => accounts.grantToken("kaylee"));
    await store.write(() =>
      orders.insert({ id: "1", username: "kaylee", csr: "csr", createdAt: 1 })
    );
    await accounts.setBlocked("kaylee", true);
    assert.equal(await accounts.release("kaylee", () => orders.forget("kaylee")), true);
    assert.equal(await accounts.release("kaylee"), false);
    assert.equal(accounts.byToken(token), undefined);
    assert.equal(orders.get("kaylee", "1"), undefined);
    assert.equal(accounts.isBlocked("kaylee"), true);
  });

  holds("a claim grants once, and counts what did not", async ({ store, clock }) => {
    const { claimChecks } = store;
    const hash = new Uint8Array(32).fill(7);
    const expiresAt = clock.now + 1_000;
    await store.write(() => claimChecks.count(hash, expiresAt));
    assert.deepEqual(claimChecks.get(hash), { verifications: 1, used: false });
    assert.equal(await store.write(() => claimChecks.use(hash, expiresAt)), true);
    assert.equal(await store.write(() => claimChecks.use(hash, expiresAt)), false);
    assert.equal(claimChecks.get(hash).used, true);
  });

  holds("orders are served in their order, renewals first", async ({ store, clock }) => {
    const { orders } = store;
    const ready = { certificate: "pem", notAfter: 10, renewAfter: 5 };
    await store.write(() => {
      orders.insert({ id: "old", username: "kaylee", csr: "a", createdAt: 1 });
      orders.markReady("old", ready, clock.now);
      orders.insert({ id: "new", username: "inara", csr: "b", createdAt: 2 });
      orders.insert({ id: "renewal", username: "kaylee", csr: "c", createdAt: 3 });
    });
    assert.deepEqual(orders.queue().map(({ id }) => id), ["renewal", "new"]);
    assert.deepEqual(orders.newest("kaylee"), { certificate: "pem", notAfter: 10 });
    await store.write(() => {
      assert.equal(orders.markFailed("new", "{}", clock.now), true);
      assert.equal(orders.markFailed("new", "{}", clock.now), false);
      assert.equal(orders.failPending("kaylee", "{}", clock.now), 1);
    });
    assert.deepEqual(orders.queue(), []);
    assert.deepEqual(orders.newNamesSince(clock.now - 1), [clock.now]);
  });

  holds("sets in the DNS are ours from before they are written", async ({ store }) => {
    const { names } = store;
    const old = { name: "a.example", sets: [{ type: "A", contents: "1" }] };
    const next = { name: "a.example", sets: [{ type: "A", contents: "2" }] };
    await names.written([old]);
    await names.writing([next]);
    assert.deepEqual(names.of("a.example").get("A"), new Set(["1", "2"]));
    await names.written([next]);
    assert.deepEqual(names.of("a.example").get("A"), new Set(["2"]));
    assert.deepEqual(names.names(), ["a.example"]);
  });

  holds("who was online or left a moment ago is awaited", async ({ store, clock }) => {
    const { accounts } = store;
    for (const name of ["here", "left", "gone"]) {
      await store.write(() => accounts.grantToken(name));
    }
    const at = clock.now;
    await accounts.markSeen(
      new Map([
        ["here", { at, attendance: "online" }],
        ["left", { at, attendance: "left" }],
        ["gone", { at, attendance: "gone" }],
        ["nobody", { at, attendance: "online" }],
      ]),
    );
    clock.now += 1_000;
    assert.deepEqual(
      new Set(accounts.listAwaited(30_000).map(({ username }) => username)),
      new Set(["here", "left"]),
    );
    clock.now += 60_000;
    assert.deepEqual(accounts.listAwaited(30_000).map(({ username }) => username), ["here"]);
    assert.equal(accounts.byUsername("left")?.lastOnlineAt, at);
  });
}
