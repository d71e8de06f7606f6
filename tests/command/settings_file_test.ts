import assert from "node:assert/strict";
import { temporaryFolder } from "../certificate/helpers.ts";
import { endOf } from "../../scripts/run.ts";
import { glossondCommand } from "../stories/admin_command.ts";

Deno.test("a settings file that cannot be read yet is no wrong setting, after which the unit gives up", async () => {
  await using folder = temporaryFolder();
  const unit = await Deno.readTextFile(new URL("../../examples/glossond.service", import.meta.url));
  assert.match(unit, /^RestartPreventExitStatus=2$/m);
  const file = `${folder.path}/settings`;
  const serve = () => endOf(glossondCommand(folder.path, ["serve"], { SETTINGS_FILE: file }));

  const early = await serve();
  assert.match(
    early.stderr,
    /^glossond: Cannot read the settings file \S+\/settings: No such file/,
  );
  assert.equal(early.code, 1);
  await Deno.writeTextFile(file, "GLOSSOND_HUB_PROT=1\n");
  const wrong = await serve();
  assert.match(wrong.stderr, /GLOSSOND_HUB_PROT is not a setting/);
  assert.equal(wrong.code, 2);
});
