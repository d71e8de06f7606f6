import assert from "node:assert/strict";
import { withTable } from "../../scripts/settings_table.ts";

Deno.test("README.md has every setting with its default, as deno task settings writes them", () => {
  const readme = Deno.readTextFileSync(new URL("../../README.md", import.meta.url));
  assert.equal(readme, withTable(readme));
});
