import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { run } from "../../scripts/run.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

Deno.test("glosson does right in everything that a web app relies on, and BEHAVIOURS.md says so", async () => {
  const args = ["run", "-A", `${ROOT}scripts/behaviours.ts`, "--json"];
  const { stdout, stderr } = await run(Deno.execPath(), args, { cwd: ROOT });
  assert.ok(stdout.startsWith("{"), stderr);
  const { columns, rows, wrong } = JSON.parse(stdout) as {
    columns: string[];
    rows: (Record<string, string> & { behaviour: string; glosson: string })[];
    wrong: string[];
  };
  assert.deepEqual(wrong, []);
  assert.deepEqual(columns, ["direct", "nginx", "Caddy", "glosson"]);
  assert.ok(rows.length >= 160, `${rows.length} behaviours`);
  // Where the others do as well in everything, nothing is measured.
  for (const other of ["nginx", "Caddy"]) {
    assert.ok(rows.some((row) => row[other] !== row.glosson), other);
  }
  const page = await Deno.readTextFile(`${ROOT}examples/client/BEHAVIOURS.md`);
  const cells = page.split("\n").filter((line) => line.startsWith("| "))
    .map((line) =>
      line.split(/(?<!\\) \| /).map((cell) => cell.replaceAll(/^\| |\\(?=[|<>*_\\])/g, ""))
    );
  for (const { behaviour, glosson } of rows) {
    const row = cells.find(([what]) => what === behaviour);
    assert.equal(row?.at(-1)?.replace(/ \|$/, ""), glosson, behaviour);
  }
});
