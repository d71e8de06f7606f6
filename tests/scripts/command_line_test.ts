import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

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

async function run(
  script: string,
  ...args: string[]
): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", `${ROOT}scripts/${script}.ts`, ...args],
  }).output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

for (const script of SCRIPTS) {
  Deno.test(`scripts/${script} tells its usage, and what is wrong with the command line`, async () => {
    const [help, wrong] = await Promise.all([run(script, "--help"), run(script, "--nonsense")]);
    assert.deepEqual([help.code, help.err], [0, ""]);
    assert.match(help.out, /^\S[^]*\n\nUsage: \S/);
    assert.deepEqual([wrong.code, wrong.out], [2, ""]);
    assert.match(wrong.err, /^\w+: .*--nonsense.*; see --help\n$/);
  });
}

Deno.test("wholeNumber() refuses what is none", async () => {
  for (const cases of ["ten", "-1", "1.5", ""]) {
    const { code, err } = await run("fuzz", `--cases=${cases}`);
    assert.equal(code, 2);
    assert.equal(err, `fuzz: --cases takes a whole number, not ${cases}; see --help\n`);
  }
});
