import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { type Ran, run } from "../../scripts/run.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const SCRIPTS = [
  "bench/main",
  "compile",
  "corpus/check",
  "corpus/record",
  "demo",
  "fuzz",
  "odd_inputs",
  "settings_table",
  "siege",
];

function runScript(script: string, ...args: string[]): Promise<Ran> {
  return run(Deno.execPath(), ["run", "-A", "--quiet", `${ROOT}scripts/${script}.ts`, ...args]);
}

for (const script of SCRIPTS) {
  Deno.test(`scripts/${script} tells its usage, and what is wrong with the command line`, async () => {
    const [help, wrong] = await Promise.all([
      runScript(script, "--help"),
      runScript(script, "--nonsense"),
    ]);
    assert.deepEqual([help.code, help.stderr], [0, ""]);
    assert.match(help.stdout, /^\S[^]*\n\nUsage: \S/);
    assert.deepEqual([wrong.code, wrong.stdout], [2, ""]);
    assert.match(wrong.stderr, /^\w+: .*--nonsense.*; see --help\n$/);
  });
}

Deno.test("wholeNumber() refuses what is none", async () => {
  for (const cases of ["ten", "-1", "1.5", ""]) {
    const { code, stderr } = await runScript("fuzz", `--cases=${cases}`);
    assert.equal(code, 2);
    assert.equal(stderr, `fuzz: --cases takes a whole number, not ${cases}; see --help\n`);
  }
});
