import assert from "node:assert/strict";
import type { Setting } from "../../lib/config/setting.ts";
import { SETTINGS } from "../../lib/config/settings.ts";
import { withTable } from "../../scripts/settings_table.ts";

const DOCUMENT = new URL("../../examples/OPERATING.md", import.meta.url);

Deno.test("OPERATING.md has every setting with its default, as deno task settings writes them", () => {
  const text = Deno.readTextFileSync(DOCUMENT);
  assert.equal(text, withTable(text));
});

Deno.test("each secret is named where it is told what the secrets file holds, and in its example", () => {
  const example = Deno.readTextFileSync(new URL("../../examples/secrets.example", import.meta.url));
  const secrets = Object.values(SETTINGS as Record<string, Setting<unknown>>)
    .filter(({ secret }) => secret).map(({ name }) => name);
  assert.ok(secrets.length > 1);
  for (const name of secrets) {
    assert.match(SETTINGS.secretsFile.help, new RegExp(`\\b${name}\\b`));
    assert.match(example, new RegExp(`^#?${name}=`, "m"));
  }
});
