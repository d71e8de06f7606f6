import assert from "node:assert/strict";
import { withTable } from "../../scripts/settings_table.ts";

const DOCUMENT = new URL("../../examples/OPERATING.md", import.meta.url);

Deno.test("OPERATING.md has every setting with its default, as deno task settings writes them", () => {
  const text = Deno.readTextFileSync(DOCUMENT);
  assert.equal(text, withTable(text));
});
