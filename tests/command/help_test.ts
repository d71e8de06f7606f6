import assert from "node:assert/strict";
import { COMMANDS, HELP } from "../../lib/command/commands.ts";
import { glossond } from "../stories/admin_command.ts";

Deno.test("glossond help tells of all commands, and of one what its --help does", async () => {
  const all = await glossond("/nowhere", "help");
  assert.deepEqual([all.code, all.stdout], [0, (await glossond("/nowhere", "--help")).stdout]);
  for (const name of ["serve", "users", "backup"]) {
    const one = await glossond("/nowhere", "help", name);
    assert.deepEqual([one.code, one.stdout], [
      0,
      (await glossond("/nowhere", name, "--help")).stdout,
    ]);
    assert.match(one.stdout, new RegExp(`^Usage: glossond ${name} `));
  }
  for (const words of [["help", "nothing"], ["toString"], ["help", "constructor"]]) {
    const { code, stderr } = await glossond("/nowhere", ...words);
    assert.equal(code, 2, stderr);
    assert.match(
      stderr,
      /There is no command "\w+" \(did you mean \w+\?\); glossond --help tells what can be done/,
    );
  }
});

Deno.test("every help fits 80 columns", () => {
  const helps = [HELP, ...Object.values(COMMANDS).map(({ help }) => help)];
  const long = helps.flatMap((help) => help.split("\n")).filter((line) => line.length > 80);
  assert.deepEqual(long, []);
});
