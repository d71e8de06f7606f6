import assert from "node:assert/strict";
import { COMMANDS } from "../../lib/command/commands.ts";
import { helpParts } from "../../lib/command/help_parts.ts";
import { manPage } from "../../scripts/man_page.ts";
import { must, run } from "../../scripts/run.ts";
import { glossond } from "../stories/admin_command.ts";

/** What bash proposes for words of a command line, by the completion of glossond. */
async function proposed(script: string, ...words: string[]): Promise<string[]> {
  const program = `${script}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")})
COMP_CWORD=${words.length - 1}
_glossond
printf '%s\\n' "\${COMPREPLY[@]}"`;
  return (await must("bash", ["-c", program])).trim().split("\n");
}

Deno.test("completion for bash proposes commands, their words and their options", async () => {
  const { code, stdout: script } = await glossond("/nowhere", "completion", "bash");
  assert.equal(code, 0);
  assert.deepEqual(await proposed(script, "glossond", "do"), ["doctor"]);
  assert.deepEqual(await proposed(script, "glossond", "users", "un"), ["unblock"]);
  assert.deepEqual(await proposed(script, "glossond", "cert", "--fo"), ["--force"]);
  assert.deepEqual(await proposed(script, "glossond", "help", "rest"), ["restore"]);
  assert.ok((await proposed(script, "glossond", "init", "--base")).includes("--base-domain"));
});

Deno.test("completions for zsh and fish know every command and option with its help", async () => {
  for (const shell of ["zsh", "fish"]) {
    const { stdout } = await glossond("/nowhere", "completion", shell);
    for (const [name, command] of Object.entries(COMMANDS)) {
      assert.ok(stdout.includes(name), `${shell}: ${name}`);
      for (const { name: option, text } of helpParts(name, command).options) {
        assert.ok(text.length > 5, `${name} --${option} has no help: ${text}`);
        assert.ok(stdout.includes(option), `${shell}: ${name} --${option}`);
      }
    }
  }
  assert.equal((await glossond("/nowhere", "completion", "csh")).code, 2);
});

Deno.test("a mistyped option is told in the program's own words", async () => {
  const cases: [words: string[], stderr: string][] = [
    [
      ["status", "--wach"],
      "status has no --wach (did you mean --watch?); see glossond help status",
    ],
    [["doctor", "now"], 'doctor takes no words, but there is "now"; see glossond help doctor'],
  ];
  for (const [words, stderr] of cases) {
    assert.deepEqual(
      await glossond("/nowhere", ...words).then(({ code, stderr }) => [code, stderr]),
      [
        2,
        `glossond: glossond ${stderr}\n`,
      ],
    );
  }
  const json = await glossond("/nowhere", "status", "--json=yes");
  assert.equal(json.stderr, "glossond: --json takes no value; see glossond help status\n");
  const code = await glossond("/nowhere", "bio", "kaylee", "--code");
  assert.equal(code.stderr, "glossond: --code wants a value behind it; see glossond help bio\n");
});

Deno.test("the manual page has every command, and nothing that roff does not understand", async () => {
  const page = manPage();
  for (const name of Object.keys(COMMANDS)) assert.ok(page.includes(`.SS ${name}\n`), name);
  // As lintian looks at it; where there is no groff, its other rules hold all the same.
  const { code, text } = await run("sh", [
    "-c",
    "command -v groff >/dev/null || exit 77; groff -man -Tutf8 -ww -z",
  ], {
    input: page,
  });
  if (code !== 77) assert.equal(text, "");
  assert.doesNotMatch(page, /^(?!\.(TH|SH|SS|B|BR|RI|TP|I|nf|fi)\b)[.']/m);
});
