import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { openStore, storePath } from "../../lib/store/sqlite/open.ts";
import type { Store } from "../../lib/store/store.ts";
import { storeContract } from "./contract.ts";

storeContract("SQLite", async (use) => {
  const folder = await Deno.makeTempDir({ prefix: "glossond_store_" });
  const clock = { now: 1_000_000 };
  const opened: Store[] = [];
  function open(): Store {
    const store = openStore(storePath(folder), { now: () => clock.now });
    opened.push(store);
    return store;
  }
  try {
    await use({ store: open(), clock, reopen: () => Promise.resolve(open()) });
  } finally {
    for (const store of opened) store.close();
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("Store.claimKey() of a later start does not need the lock that another process holds", async () => {
  const folder = await Deno.makeTempDir({ prefix: "glossond_store_" });
  const store = openStore(storePath(folder));
  const other = new DatabaseSync(storePath(folder));
  try {
    const key = store.claimKey();
    other.exec("BEGIN IMMEDIATE");
    assert.deepEqual(store.claimKey(), key);
  } finally {
    other.close();
    store.close();
    await Deno.remove(folder, { recursive: true });
  }
});
