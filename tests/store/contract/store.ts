import assert from "node:assert/strict";
import { StoreError } from "../../../lib/store/error.ts";
import { grantToken } from "../grant_token.ts";
import type { Holds } from "./subject.ts";
import { TRACE } from "../trace.ts";

export function storeContract(holds: Holds): void {
  holds("what was written is there when it is opened anew", async ({ store, reopen }) => {
    const token = await grantToken(store, "kaylee");
    await store.accounts.setPreferences(token, { away: "back on Monday" });
    await store.accounts.setBlocked("mallory", true, TRACE);
    const again = await reopen();
    const account = await again.accounts.byToken(token);
    assert.equal(account?.preferences.away, "back on Monday");
    assert.equal(await again.accounts.isBlocked("mallory"), true);
  });

  holds("of many at once each has its own whole", async ({ store }) => {
    const names = Array.from({ length: 50 }, (_, i) => `user${i}`);
    await Promise.all(names.map((name) => grantToken(store, name)));
    const listed = await store.accounts.list();
    assert.deepEqual(listed.map(({ username }) => username), names.toSorted());
    assert.equal((await store.accounts.counts()).total, 50);
  });

  holds("a lock of another program delays changes, and nothing else", async ({ store, lock }) => {
    const token = await grantToken(store, "kaylee");
    const held = await lock();
    let written = false;
    const writing = store.accounts.setPreferences(token, { away: "soon" }).then(() =>
      written = true
    );
    assert.equal((await store.accounts.byToken(token))?.preferences.away, null);
    assert.equal(written, false);
    await held[Symbol.asyncDispose]();
    await writing;
    assert.equal((await store.accounts.byToken(token))?.preferences.away, "soon");
  });

  holds("a lock that is held for too long rejects, and nothing is changed", async (subject) => {
    const { store, lock } = subject;
    const token = await grantToken(store, "kaylee");
    {
      await using _held = await lock();
      await assert.rejects(store.accounts.setPreferences(token, { away: "never" }), StoreError);
      await assert.rejects(grantToken(store, "inara"), StoreError);
    }
    assert.equal((await store.accounts.byToken(token))?.preferences.away, null);
    assert.equal(await store.accounts.byUsername("inara"), undefined);
    assert.equal(await store.accounts.setBlocked("mallory", true, TRACE), true);
  });

  holds("a change that the engine refuses rejects, and nothing is changed", async (subject) => {
    const { store, faults } = subject;
    const token = await grantToken(store, "kaylee");
    const away = "x".repeat(100_000);
    for (const [fault, cause] of Object.entries(faults)) {
      {
        await using _fault = await cause();
        const changes = { away, offlinePage: "none" } as const;
        await assert.rejects(store.accounts.setPreferences(token, changes), StoreError, fault);
        assert.equal((await store.accounts.byToken(token))?.preferences.away, null, fault);
        assert.equal((await store.accounts.hiddenNames()).has("kaylee"), false, fault);
      }
      await store.accounts.setPreferences(token, { away });
      await store.accounts.setPreferences(token, { away: null });
    }
  });

  holds("nothing is to be had of a store that is closed", async ({ reopen }) => {
    const store = await reopen();
    await store.close();
    await assert.rejects(store.accounts.list(), StoreError);
    await assert.rejects(store.accounts.setBlocked("mallory", true, TRACE), StoreError);
  });

  holds("what waits for a lock when the store is closed rejects", async ({ reopen, lock }) => {
    const store = await reopen();
    await using _held = await lock();
    const writing = assert.rejects(store.accounts.setBlocked("mallory", true, TRACE), StoreError);
    await store.close();
    await writing;
  });
}
