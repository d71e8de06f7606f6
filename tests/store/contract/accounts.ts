import assert from "node:assert/strict";
import { grantToken } from "../grant_token.ts";
import type { Holds } from "./subject.ts";
import { TRACE } from "../trace.ts";

/** What holds until the user says otherwise. */
const preferences = { offlinePage: "full", lastSeen: true, away: null } as const;

export function accountContract(holds: Holds): void {
  holds("a new account is found by its token and its name", async ({ store, clock }) => {
    const { accounts } = store;
    const token = await grantToken(store, "kaylee");
    assert.match(token, /^[A-Za-z0-9_-]{32}$/);
    const { now } = clock;
    const account = { username: "kaylee", createdAt: now, verifiedAt: now, preferences };
    assert.deepEqual(await accounts.byToken(token), account);
    assert.deepEqual(await accounts.byUsername("kaylee"), account);
    assert.equal(await accounts.byUsername("inara"), undefined);
  });

  holds("a new token replaces the old one and keeps the rest", async ({ store, clock }) => {
    const { accounts } = store;
    const createdAt = clock.now;
    const first = await grantToken(store, "kaylee");
    await accounts.setPreferences(first, { away: "at lunch" });
    await store.onlineTimes.markSeen(new Map([["kaylee", { at: createdAt + 500 }]]));
    clock.now += 1_000;
    const second = await grantToken(store, "kaylee");
    assert.notEqual(second, first);
    assert.equal(await accounts.byToken(first), undefined);
    assert.deepEqual(await accounts.byToken(second), {
      username: "kaylee",
      createdAt,
      verifiedAt: createdAt + 1_000,
      lastOnlineAt: createdAt + 500,
      preferences: { ...preferences, away: "at lunch" },
    });
  });

  holds("who has an account and is not blocked may be visited", async ({ store }) => {
    const { accounts } = store;
    for (const name of ["kaylee", "zoe", "river"]) await grantToken(store, name);
    await accounts.setBlocked("zoe", true, TRACE);
    await accounts.setBlocked("mallory", true, TRACE);
    await accounts.release("river", TRACE);
    const asked = ["kaylee", "zoe", "river", "mallory", "nobody"];
    assert.deepEqual([...await accounts.visitable(asked)], ["kaylee"]);
    assert.deepEqual([...await accounts.visitable([])], []);
  });

  holds("no other text is a token", async ({ store }) => {
    const token = await grantToken(store, "kaylee");
    const others = ["", " ", token.slice(1), `${token}x`, token.toUpperCase(), "x".repeat(99_999)];
    for (const other of others) assert.equal(await store.accounts.byToken(other), undefined);
  });

  holds("preferences change by the token, those that are given", async ({ store }) => {
    const { accounts } = store;
    const token = await grantToken(store, "kaylee");
    const changed = await accounts.setPreferences(token, { away: "a\u202eb", lastSeen: false });
    const wanted = { ...preferences, away: "ab", lastSeen: false };
    assert.deepEqual(changed?.preferences, wanted);
    assert.deepEqual((await accounts.byUsername("kaylee"))?.preferences, wanted);
    const again = await accounts.setPreferences(token, { offlinePage: "plain", away: null });
    assert.deepEqual(again?.preferences, { ...wanted, offlinePage: "plain", away: null });
    assert.deepEqual(await accounts.setPreferences(token, {}), again);
  });

  holds("a token that was replaced changes no preference, nor a blocked one's", async (subject) => {
    const { store } = subject;
    const { accounts } = store;
    const old = await grantToken(store, "kaylee");
    const token = await grantToken(store, "kaylee");
    assert.equal(await accounts.setPreferences(old, { away: "mine" }), undefined);
    await accounts.setBlocked("kaylee", true, TRACE);
    const blocked = await accounts.setPreferences(token, { away: "mine" });
    assert.equal(blocked?.blockedAt, subject.clock.now);
    assert.deepEqual((await accounts.byUsername("kaylee"))?.preferences, preferences);
  });

  holds("a release takes the account and its orders, the block stays", async ({ store }) => {
    const { accounts, orders } = store;
    const token = await grantToken(store, "kaylee");
    const rules = { limit: 5, windowMs: 1_000, underWay: new Set<string>(), superseded: "{}" };
    await orders.submit({ id: "1", username: "kaylee", csr: "a", createdAt: 1 }, rules);
    await orders.finish(
      { id: "1", username: "kaylee" },
      { certificate: "pem", notAfter: 9, renewAfter: 5 },
      2,
    );
    await orders.submit({ id: "2", username: "kaylee", csr: "b", createdAt: 3 }, rules);
    await accounts.setBlocked("kaylee", true, TRACE);
    assert.equal(await accounts.release("kaylee", TRACE), true);
    assert.equal(await accounts.release("kaylee", TRACE), false);
    assert.equal(await accounts.byToken(token), undefined);
    assert.equal(await accounts.byUsername("kaylee"), undefined);
    assert.equal(await accounts.isBlocked("kaylee"), true);
    // The next owner sees none of them; the one that was signed counts all the same.
    assert.equal(await orders.get("kaylee", "1"), undefined);
    assert.equal(await orders.get("kaylee", "2"), undefined);
    assert.equal(await orders.newest("kaylee"), undefined);
    const { pending, newNames } = await orders.outlook(0);
    assert.deepEqual([pending, newNames.map(({ at }) => at)], [[], [2]]);
  });

  holds("an owner's release is for the account of their token alone", async ({ store }) => {
    const { accounts } = store;
    const old = await grantToken(store, "kaylee");
    const token = await grantToken(store, "kaylee");
    const other = await grantToken(store, "inara");
    assert.equal(await accounts.release("kaylee", TRACE, { token: old }), false);
    assert.equal(await accounts.release("kaylee", TRACE, { token: other }), false);
    assert.equal((await accounts.byToken(token))?.username, "kaylee");
    assert.equal(await accounts.release("kaylee", TRACE, { token }), true);
    assert.equal(await accounts.byUsername("kaylee"), undefined);
  });

  holds("a block holds for an account, beyond its release, and without one", async (subject) => {
    const { store, clock } = subject;
    const { accounts } = store;
    const since = clock.now;
    const token = await grantToken(store, "kaylee");
    assert.equal(await accounts.setBlocked("kaylee", true, TRACE), true);
    clock.now += 1_000;
    assert.equal(await accounts.setBlocked("kaylee", true, TRACE), false);
    assert.equal(await accounts.setBlocked("inara", true, TRACE), true);
    assert.equal((await accounts.byToken(token))?.blockedAt, since);
    await accounts.release("kaylee", TRACE);
    assert.equal(await accounts.isBlocked("kaylee"), true);
    assert.equal(await accounts.byUsername("inara"), undefined);
    assert.deepEqual(await accounts.listBlocked(), [
      { username: "inara", blockedAt: since + 1_000 },
      { username: "kaylee", blockedAt: since },
    ]);
    assert.equal(await accounts.setBlocked("kaylee", false, TRACE), true);
    assert.equal(await accounts.setBlocked("nobody", false, TRACE), false);
    assert.equal(await accounts.isBlocked("kaylee"), false);
    assert.equal(await accounts.isBlocked("inara"), true);
  });

  holds("accounts and blocked names are listed by name, and counted", async ({ store, clock }) => {
    const { accounts } = store;
    for (const name of ["zoe", "inara", "kaylee"]) await grantToken(store, name);
    await accounts.setBlocked("inara", true, TRACE);
    await accounts.setBlocked("badger", true, TRACE);
    const listed = (await accounts.list()).map((a) => [a.username, a.blockedAt]);
    assert.deepEqual(listed, [["inara", clock.now], ["kaylee", undefined], ["zoe", undefined]]);
    assert.deepEqual(await accounts.counts(), { total: 3, blocked: 2 });
  });

  holds("the hidden names are those of the moment, from the start", async ({ store, reopen }) => {
    const { accounts } = store;
    const token = await grantToken(store, "kaylee");
    const other = await grantToken(store, "inara");
    const hidden = await accounts.hiddenNames();
    assert.equal(hidden.has("kaylee"), false);
    await accounts.setPreferences(token, { offlinePage: "none" });
    await accounts.setPreferences(other, { offlinePage: "none" });
    assert.equal(hidden.has("kaylee"), true);
    assert.equal((await (await reopen()).accounts.hiddenNames()).has("kaylee"), true);
    await accounts.setPreferences(token, { offlinePage: "plain" });
    assert.equal(hidden.has("kaylee"), false);
    // The next owner has a page until they say otherwise.
    await accounts.release("inara", TRACE);
    await grantToken(store, "inara");
    assert.equal(hidden.has("inara"), false);
  });
}
