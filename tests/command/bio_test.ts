import assert from "node:assert/strict";
import { endOf } from "../../scripts/run.ts";
import { temporaryFolder } from "../certificate/helpers.ts";
import { glossond, glossondCommand } from "../stories/admin_command.ts";
import { startRelay } from "../stories/relay.ts";

/** Tells what it was given, and knows kaylee alone. */
const SCRIPT = `import os, sys
if sys.argv[1] == "slow": sys.exit(7)
if sys.argv[1] != "kaylee": sys.exit(1)
print("tea and GLOSSON-abcd", sorted(os.environ))
print("a word for the log", file=sys.stderr)
`;

Deno.test("bio runs the program as the running relay does, and shows what it saw", async () => {
  await using relay = await startRelay({ bioScript: SCRIPT });
  const seen = await glossond(relay.stateDir, "bio", "kaylee", "--code", "glosson-abcd");
  assert.equal(seen.code, 0, seen.text);
  assert.match(seen.stdout, /get_bio\.py, run by the relay: found \(\d\.\d s\)\n/);
  assert.match(seen.stdout, /^bio:\n {2}tea and GLOSSON-abcd \['LANG', 'PATH'\]$/m);
  assert.match(seen.stdout, /^standard error:\n {2}a word for the log$/m);
  assert.match(seen.stdout, /^code: stands in it$/m);
  assert.equal((await glossond(relay.stateDir, "bio", "kaylee", "--code", "glosson-x")).code, 1);

  const nobody = await glossond(relay.stateDir, "bio", "nobody", "--json");
  assert.equal(nobody.code, 1);
  assert.deepEqual(JSON.parse(nobody.stdout).result, { state: "not-found" });
  const slow = await glossond(relay.stateDir, "bio", "slow");
  assert.match(slow.stdout, /could not be found out: it ended with status 7/);
  const wrong = await glossond(relay.stateDir, "bio", "../kaylee");
  assert.deepEqual([wrong.code, wrong.stderr], [
    2,
    "glossond: bio takes one username (a to z, 0 to 9, inner hyphens); see glossond help bio\n",
  ]);

  await relay.stop();
  const settings = { GET_BIO_SCRIPT: `${relay.dir}/get_bio.py` };
  const alone = await endOf(glossondCommand(relay.stateDir, ["bio", "kaylee"], settings));
  assert.equal(alone.code, 0, alone.text);
  assert.match(alone.stdout, /run by this command, since no relay runs on \S+: found/);
});

Deno.test("bio runs the program before the relay's first start, when there is no state folder", async () => {
  await using folder = temporaryFolder();
  const script = `${folder.path}/get_bio.py`;
  await Deno.writeTextFile(script, SCRIPT);
  const none = `${folder.path}/none`;
  const seen = await endOf(glossondCommand(none, ["bio", "kaylee"], { GET_BIO_SCRIPT: script }));
  assert.equal(seen.code, 0, seen.text);
  assert.match(seen.stdout, /run by this command, since no relay runs on \S+\/none: found/);
  await assert.rejects(Deno.stat(none), Deno.errors.NotFound);
});
