import assert from "node:assert/strict";
import type { DatabaseSync } from "node:sqlite";
import { openDatabase } from "../../lib/store/sqlite/database.ts";
import { storeOn } from "../../lib/store/sqlite/open.ts";
import type { Store } from "../../lib/store/store.ts";
import { temporaryFolder } from "../certificate/helpers.ts";
import { testStore } from "./contract/contract.ts";
import { grantToken } from "./grant_token.ts";
import { lockStore, memoryStore, storePath } from "./helpers.ts";

/** How long the stores under test wait for a lock. */
const LOCK_TIMEOUT_MS = 50;

testStore("SQLite", async (use) => {
  await using folder = temporaryFolder();
  const path = storePath(folder.path);
  const clock = { now: 1_000_000 };
  const opened: DatabaseSync[] = [];
  function open(): Store {
    const db = openDatabase(path);
    opened.push(db);
    return storeOn(db, { now: () => clock.now, lockTimeoutMs: LOCK_TIMEOUT_MS });
  }
  /** Sets what the store's own connection goes by. */
  function pragma(fault: string, normal: string): Promise<AsyncDisposable> {
    const [db] = opened;
    db!.exec(`PRAGMA ${fault}`);
    return Promise.resolve({
      [Symbol.asyncDispose]: () => Promise.resolve(db!.exec(`PRAGMA ${normal}`)),
    });
  }
  try {
    await use({
      store: open(),
      clock,
      reopen: () => Promise.resolve(open()),
      lock() {
        const other = lockStore(folder.path);
        return Promise.resolve({
          [Symbol.asyncDispose]: () => Promise.resolve(other[Symbol.dispose]()),
        });
      },
      faults: {
        // Never less than there are.
        "disk full": () => pragma("max_page_count = 1", "max_page_count = 1000000"),
        "read-only": () => pragma("query_only = ON", "query_only = OFF"),
      },
    });
  } finally {
    for (const db of opened) if (db.isOpen) db.close();
  }
});

Deno.test("the database has no token in it", async () => {
  const { store, rows } = memoryStore();
  const token = await grantToken(store, "kaylee");
  const found = JSON.stringify(rows("SELECT *, hex(token_hash) AS hash FROM account"));
  await store.close();
  assert.ok(!found.includes(token));
  assert.match(found, /[0-9A-F]{64}/);
});

Deno.test("users push out no act of the operator's", async () => {
  const { store } = memoryStore({ maxActs: 3 });
  const { acts } = store;
  await acts.note({ act: "reload", detail: "GLOSSOND_CONTACT", by: "signal" });
  for (let i = 0; i < 10; i++) {
    await acts.note({ act: "release", username: `user${i}`, by: "user" });
  }
  const about = (await acts.list()).map(({ act, username }) => username ?? act);
  await store.close();
  assert.deepEqual(about, ["reload", "user7", "user8", "user9"]);
});
