import assert from "node:assert/strict";
import { facts, localTime } from "../../lib/command/table.ts";
import { run } from "../../scripts/run.ts";

Deno.test("localTime() tells the time as it is here, with its distance from UTC", async () => {
  assert.equal(localTime(null), "-");
  const zones = {
    "UTC": "2026-07-01 23:30 UTC",
    "Europe/Berlin": "2026-07-02 01:30 +02:00",
    "America/St_Johns": "2026-07-01 21:00 -02:30",
  };
  const module = import.meta.resolve("../../lib/command/table.ts");
  for (const [TZ, wanted] of Object.entries(zones)) {
    // The zone is the process's, and the relay's programs see no variable but their own.
    const program = `import { localTime } from ${JSON.stringify(module)};
      console.log(localTime("2026-07-01T23:30:59.999Z"));`;
    const args = ["run", "--ignore-env", `data:text/typescript,${encodeURIComponent(program)}`];
    const { stdout, stderr } = await run(Deno.execPath(), args, { env: { TZ } });
    assert.equal(stdout.trim(), wanted, stderr);
  }
});

Deno.test("facts() keeps each line within 80 columns, and a longer word whole", () => {
  const address = `https://${"a".repeat(90)}/`;
  const text = facts([["name", "kaylee"], ["why", "word ".repeat(40).trim()], ["page", address]]);
  const lines = text.trimEnd().split("\n");
  assert.equal(lines[0], "name  kaylee");
  assert.ok(lines.slice(0, -1).every((line) => line.length <= 80), text);
  assert.equal(text.match(/word/g)?.length, 40);
  assert.ok(lines.slice(2, 4).every((line) => line.startsWith("      word")), text);
  assert.ok(text.endsWith(`page  ${address}\n`), text);
});
