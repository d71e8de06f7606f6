import assert from "node:assert/strict";
import { TABLES } from "../../lib/store/transfer_tables.ts";
import { memoryStore } from "./helpers.ts";

Deno.test("what is carried over to another engine is every column of every table", async () => {
  const { store, rows } = memoryStore();
  const kept = rows("SELECT name FROM sqlite_master WHERE type = 'table'").map(({ name }) =>
    String(name)
  );
  assert.deepEqual(TABLES.map(({ name }) => name).sort(), kept.toSorted());
  for (const { name, columns } of TABLES) {
    const own = rows(`PRAGMA table_info(${name})`).map((column) => String(column.name));
    const carried = columns.map(({ name, sqlite = name }) => sqlite);
    assert.deepEqual(carried.filter((name) => name !== "rowid").sort(), own.toSorted(), name);
  }
  await store.close();
});
