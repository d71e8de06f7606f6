import assert from "node:assert/strict";
import { openDatabase } from "../../lib/store/sqlite/database.ts";
import type { AccountStore } from "../../lib/store/accounts.ts";
import { createAccountStore } from "../../lib/store/sqlite/accounts.ts";

interface Fixture {
  store: AccountStore;
  clock: { now: number };
}

/** What holds until the user says otherwise. */
const preferences = { offlinePage: "full", lastSeen: true, away: null } as const;

async function withStore(story: (fixture: Fixture) => Promise<void> | void): Promise<void> {
  const db = openDatabase(":memory:");
  try {
    const clock = { now: 1_000 };
    await story({ store: createAccountStore(db, { now: () => clock.now }), clock });
  } finally {
    db.close();
  }
}

Deno.test("grantToken() makes an account that its token finds", () =>
  withStore(({ store }) => {
    const token = store.grantToken("kaylee");
    assert.match(token, /^[A-Za-z0-9_-]{32}$/);
    const account = { username: "kaylee", createdAt: 1_000, verifiedAt: 1_000, preferences };
    assert.deepEqual(store.byToken(token), account);
    assert.deepEqual(store.byUsername("kaylee"), account);
    assert.equal(store.byUsername("inara"), undefined);
  }));

Deno.test("grantToken() replaces a token and keeps the rest of the account", () =>
  withStore(async ({ store, clock }) => {
    const first = store.grantToken("kaylee");
    await store.markSeen(new Map([["kaylee", { at: 1_500 }]]));
    clock.now = 2_000;
    const second = store.grantToken("kaylee");
    assert.notEqual(second, first);
    assert.equal(store.byToken(first), undefined);
    assert.deepEqual(store.byToken(second), {
      username: "kaylee",
      createdAt: 1_000,
      verifiedAt: 2_000,
      lastOnlineAt: 1_500,
      preferences,
    });
  }));

Deno.test("byToken() finds nothing for any other text", () =>
  withStore(({ store }) => {
    const token = store.grantToken("kaylee");
    const others = ["", " ", token.slice(1), `${token}x`, token.toUpperCase(), "x".repeat(99_999)];
    for (const other of others) assert.equal(store.byToken(other), undefined);
  }));

Deno.test("the database has no token in it", () => {
  const db = openDatabase(":memory:");
  const token = createAccountStore(db).grantToken("kaylee");
  const rows = JSON.stringify(db.prepare("SELECT *, hex(token_hash) AS hash FROM account").all());
  db.close();
  assert.ok(!rows.includes(token));
  assert.match(rows, /[0-9A-F]{64}/);
});

Deno.test("release() deletes the account and its token", () =>
  withStore(async ({ store }) => {
    const token = store.grantToken("kaylee");
    assert.equal(await store.release("kaylee"), true);
    assert.equal(await store.release("kaylee"), false);
    assert.equal(store.byToken(token), undefined);
    assert.equal(store.byUsername("kaylee"), undefined);
  }));

Deno.test("setBlocked() holds for an account, beyond its release, and without one", () =>
  withStore(async ({ store, clock }) => {
    const token = store.grantToken("kaylee");
    await store.setBlocked("kaylee", true);
    clock.now = 2_000;
    await store.setBlocked("kaylee", true);
    await store.setBlocked("inara", true);
    assert.equal(store.byToken(token)?.blockedAt, 1_000);
    await store.release("kaylee");
    assert.equal(store.isBlocked("kaylee"), true);
    assert.equal(store.byUsername("inara"), undefined);
    assert.deepEqual(store.listBlocked(), [
      { username: "inara", blockedAt: 2_000 },
      { username: "kaylee", blockedAt: 1_000 },
    ]);
    await store.setBlocked("kaylee", false);
    await store.setBlocked("nobody", false);
    assert.equal(store.isBlocked("kaylee"), false);
    assert.equal(store.isBlocked("inara"), true);
  }));

Deno.test("markSeen() never goes back in time, and makes no account", () =>
  withStore(async ({ store }) => {
    store.grantToken("kaylee");
    store.grantToken("zoe");
    await store.markSeen(
      new Map([["inara", { at: 2_000 }], ["kaylee", { at: 3_000 }], ["zoe", { at: 2_000 }]]),
    );
    await store.markSeen(new Map([["kaylee", { at: 2_000 }], ["zoe", { at: 4_000 }]]));
    await store.markSeen(new Map());
    assert.equal(store.byUsername("kaylee")?.lastOnlineAt, 3_000);
    assert.equal(store.byUsername("zoe")?.lastOnlineAt, 4_000);
    assert.equal(store.byUsername("inara"), undefined);
  }));

Deno.test("list() has every account by name", () =>
  withStore(async ({ store }) => {
    for (const name of ["zoe", "inara", "kaylee"]) store.grantToken(name);
    await store.setBlocked("inara", true);
    await store.setBlocked("badger", true);
    const listed = store.list().map((a) => [a.username, a.blockedAt]);
    assert.deepEqual(listed, [["inara", 1_000], ["kaylee", undefined], ["zoe", undefined]]);
  }));

Deno.test("accounts survive the reopening of the database", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const first = openDatabase(`${folder}/glossond.sqlite`);
    const token = createAccountStore(first).grantToken("kaylee");
    first.close();
    const second = openDatabase(`${folder}/glossond.sqlite`);
    assert.equal(createAccountStore(second).byToken(token)?.username, "kaylee");
    second.close();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("listAwaited() has who was online, and who left a moment ago before them", () =>
  withStore(async ({ store, clock }) => {
    for (const username of ["book", "inara", "kaylee", "river", "simon", "wash", "zoe"]) {
      store.grantToken(username);
    }
    const at = 100_000;
    await store.markSeen(
      new Map([
        ["kaylee", { at: 1_000, attendance: "online" }],
        ["simon", { at: at - 10_000, attendance: "left" }],
        ["inara", { at: at - 20_000, attendance: "left" }],
        ["wash", { at: at - 31_000, attendance: "left" }],
        ["zoe", { at: at - 1_000, attendance: "gone" }],
        ["book", { at: at - 1_000, attendance: "online" }],
        // Their clock was ahead when they left.
        ["river", { at: at + 60_000, attendance: "left" }],
      ]),
    );
    await store.setBlocked("book", true);
    clock.now = at;
    assert.deepEqual(store.listAwaited(30_000), [
      { username: "inara", awayMs: 20_000 },
      { username: "simon", awayMs: 10_000 },
      { username: "kaylee" },
    ]);
    // A new owner of the name has not been there.
    await store.release("kaylee");
    store.grantToken("kaylee");
    assert.equal(store.listAwaited(30_000).length, 2);
  }));
