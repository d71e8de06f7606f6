import assert from "node:assert/strict";
import { MIGRATIONS } from "../../lib/store/postgres/schema.ts";

Deno.test("a relay that knows no names below users' starts on no database that has them: it would remove them", () => {
  const step = MIGRATIONS.findIndex(({ sql }) => sql.includes("ADD COLUMN below"));
  assert.equal(MIGRATIONS[step]!.needs, step + 1);
});

Deno.test("a relay that knows no CAA records of users' starts on no database that has them: it would remove them", () => {
  const step = MIGRATIONS.findIndex(({ sql }) => sql.includes("CREATE TABLE user_caa"));
  assert.equal(MIGRATIONS[step]!.needs, step + 1);
});

Deno.test("no step of the schema asks for more steps than there are with it", () => {
  for (const [index, { needs }] of MIGRATIONS.entries()) {
    assert.ok(needs >= 1 && needs <= index + 1);
  }
});
