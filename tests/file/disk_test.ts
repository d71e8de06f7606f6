import assert from "node:assert/strict";
import { whyUnwritable } from "../../lib/file/disk.ts";
import { temporaryFolder } from "../certificate/helpers.ts";

Deno.test("whyUnwritable() leaves what is there, as in /etc, but what a crash left of its own", async () => {
  await using folder = temporaryFolder();
  const names = () => Array.from(Deno.readDirSync(folder.path), ({ name }) => name).sort();
  const others = [".probe", "probe", "settings"];
  for (const name of others) await Deno.writeTextFile(`${folder.path}/${name}`, "somebody's");
  assert.equal(whyUnwritable(folder.path), undefined);
  assert.deepEqual(names(), others);
  await Deno.writeTextFile(`${folder.path}/.glossond-probe`, "");
  assert.equal(whyUnwritable(folder.path), undefined);
  assert.deepEqual(names(), others);
});
