import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { must } from "../../scripts/run.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

Deno.test("glossond does the right thing with every odd input, and scripts/README.md says what it does", async () => {
  const args = ["run", "-A", `${ROOT}scripts/odd_inputs.ts`, "--json"];
  const stdout = await must(Deno.execPath(), args, { cwd: ROOT });
  const { versions, rows } = JSON.parse(stdout) as {
    versions: Record<string, string>;
    rows: Record<string, string>[];
  };
  assert.deepEqual(Object.keys(versions), ["glossond", "nginx", "HAProxy", "sniproxy", "sslh"]);
  assert.ok(rows.length >= 40);
  const readme = await Deno.readTextFile(`${ROOT}scripts/README.md`);
  for (const { input, glossond } of rows) {
    assert.ok(readme.includes(`\n| ${input} | ${glossond} |`), `${input}: ${glossond}`);
  }
});
