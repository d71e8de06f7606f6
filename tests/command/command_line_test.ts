import assert from "node:assert/strict";
import { EXIT } from "../../lib/command/command.ts";
import { readCommandLine } from "../../lib/command/command_line.ts";
import { users } from "../../lib/command/users.ts";

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
