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
