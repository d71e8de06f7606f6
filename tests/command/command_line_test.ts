import assert from "node:assert/strict";
import { EXIT } from "../../lib/command/command.ts";
import { readCommandLine } from "../../lib/command/command_line.ts";
import { users } from "../../lib/command/users.ts";
import { endOf } from "../../scripts/run.ts";
import { temporaryFolder } from "../certificate/helpers.ts";
import { glossond, glossondCommand } from "../stories/admin_command.ts";

Deno.test("an option that wants a value does not take the option behind it for one", () => {
  const swallowed: string[][] = [
    ["block", "kaylee", "--reason", "--dev"],
    ["release", "kaylee", "--reason", "--yes"],
    ["block", "kaylee", "--reason", "-h"],
  ];
  for (const args of swallowed) {
    assert.throws(() => readCommandLine("users", users, args), (error: Error) => {
      assert.match(
        error.message,
        /^--reason wants a value behind it, and has (-\S+) \(--reason=\1 gives that\); see/,
      );
      assert.equal(error.cause, EXIT.usage);
      return true;
    }, args.join(" "));
  }
  const told = readCommandLine("users", users, ["block", "kaylee", "--reason=--dev", "--dev"]);
  assert.deepEqual(told, {
    options: Object.assign(Object.create(null), { reason: "--dev", dev: true }),
    positionals: ["block", "kaylee"],
  });
  // As standard input is named.
  const { options } = readCommandLine("users", users, ["--reason", "-"]);
  assert.equal(options.reason, "-");
});

Deno.test("a word that a command does not take is told with those it takes, whatever it is", async () => {
  await using folder = temporaryFolder();
  const wrong: [args: string[], says: RegExp][] = [
    [["cert", "constructor"], /^glossond: cert takes one of .*; see glossond help cert\n$/],
    [["migrate", "--to", "toString"], /^glossond: migrate takes --to postgres or --to sqlite; see/],
    [["users", "constructor", "kaylee"], /^glossond: users takes list, log, or one of .*; see/],
    [["completion", "valueOf"], /^glossond: completion takes one of bash, zsh and fish; see/],
    [["restore", "file", "--reason", "x".repeat(501)], /^glossond: --reason is longer than 500 /],
  ];
  for (const [args, says] of wrong) {
    const { code, stderr } = await glossond(folder.path, ...args);
    assert.match(stderr, says);
    assert.equal(code, EXIT.usage, stderr);
  }
});

Deno.test("a command whose settings are wrong exits with 2, and tells each problem", async () => {
  await using folder = temporaryFolder();
  const settings = { NAME_REST_DAYS: "x", STATE_DIR: "" };
  for (
    const args of [["users"], ["status"], ["bio", "kaylee"], ["restore", "file"], ["cert", "check"]]
  ) {
    const { code, stderr } = await endOf(glossondCommand(folder.path, args, settings));
    assert.match(stderr, /^(glossond: \S+ .*\n){2,}$/, args.join(" "));
    assert.match(stderr, /^glossond: GLOSSOND_STATE_DIR /m);
    assert.equal(code, EXIT.usage, stderr);
  }
});
