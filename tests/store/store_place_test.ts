import assert from "node:assert/strict";
import { requireEmbedded } from "../../lib/store_place.ts";
import { parsePostgresUrl } from "../../lib/wire/postgres_url.ts";
import { StoreError } from "../../lib/store/error.ts";

Deno.test("requireEmbedded() says what copies PostgreSQL, which a relay hands on as no bug of its own", () => {
  const database = {
    address: parsePostgresUrl("postgres://me@127.0.0.1/glossond"),
    caPem: undefined,
  };
  assert.throws(
    () => requireEmbedded({ stateDir: "/nowhere", database }, "backup"),
    (error) => error instanceof StoreError && /^backup is for .*pg_dump/.test(error.message),
  );
});
