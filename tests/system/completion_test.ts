import assert from "node:assert/strict";
import { must } from "../../scripts/run.ts";
import { temporaryFolder } from "../certificate/helpers.ts";
import { runOnTerminal } from "../command/terminal.ts";
import { glossond } from "../stories/admin_command.ts";

async function scriptFor(shell: string): Promise<string> {
  const { code, stdout, stderr } = await glossond("/nowhere", "completion", shell);
  assert.equal(code, 0, stderr);
  return stdout;
}

Deno.test("zsh completes what is typed at its prompt, and tells what options are for", async () => {
  await using folder = temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/_glossond`, await scriptFor("zsh"));
  const prepare = [
    "fpath=($HOME $fpath)",
    "autoload -Uz compinit && compinit -u -D",
    // What was completed is what it is called with.
    'glossond() { print -r -- "ran" "<$*>" }',
    // In other words than its prompt has, or the echo of this would be taken for the prompt.
    "PS1=go\\>\\ ",
  ];
  const { stdout } = await runOnTerminal("/usr/bin/zsh", ["-f", "-i"], [
    ["ready> ", `${prepare.join("; ")}\r`],
    ["go> ", "glossond do\t\r"],
    ["ran <", "glossond users un\t\r"],
    ["ran <", "glossond init --base\t\r"],
    ["ran <", "glossond help rest\t\r"],
    ["ran <", "glossond cert --\t"],
    // The last of those that it lists. A Ctrl-C while it still draws them would be lost, letters are not.
    ["--json", "help\r"],
    ["ran <", "exit\r"],
  ], {
    clearEnv: true,
    env: { HOME: folder.path, PATH: "/usr/bin:/bin", TERM: "xterm", PS1: "ready> " },
  });
  const ran = [...stdout.matchAll(/ran <(.*?) ?>/g)].map((match) => match[1]);
  assert.deepEqual(ran, [
    "doctor",
    "users unblock",
    "init --base-domain",
    "help restore",
    "cert --help",
  ]);
  assert.match(stdout, /--force +-- renew although it is not due/);
});

Deno.test("fish completes command lines, and tells what each proposal is for", async () => {
  await using folder = temporaryFolder();
  const script = `${folder.path}/glossond.fish`;
  await Deno.writeTextFile(script, await scriptFor("fish"));
  async function proposed(line: string): Promise<string[]> {
    const program = `source ${script}; complete -C '${line}'`;
    const env = { HOME: folder.path, PATH: "/usr/bin:/bin" };
    // In an empty folder: it may not propose files in the place of words.
    const options = { clearEnv: true, env, cwd: folder.path };
    return (await must("/usr/bin/fish", ["--no-config", "-c", program], options)).trim().split(
      "\n",
    );
  }
  assert.deepEqual(await proposed("glossond do"), [
    "doctor\tfind what keeps the relay from working, and how to mend it",
  ]);
  assert.deepEqual(await proposed("glossond users un"), ["unblock"]);
  assert.deepEqual(await proposed("glossond cert --fo"), ["--force\trenew although it is not due"]);
  assert.deepEqual(await proposed("glossond help rest"), ["restore"]);
  assert.deepEqual(await proposed("glossond completion "), ["bash", "fish", "zsh"]);
});
