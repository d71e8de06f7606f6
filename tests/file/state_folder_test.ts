import assert from "node:assert/strict";
import { openStateFolder } from "../../lib/file/state_folder.ts";
import { run } from "../../scripts/run.ts";
import { temporaryFolder } from "../certificate/helpers.ts";

/** Two who are not root; they need no accounts. */
const OWNER = 12_345;
const OTHER = 54_321;

Deno.test("openStateFolder() makes the folder for its owner alone, and finds one so", async () => {
  await using folder = temporaryFolder();
  const path = `${folder.path}/one/two`;
  const umask = Deno.umask(0);
  try {
    assert.deepEqual(openStateFolder(path), []);
    assert.deepEqual(openStateFolder(path), []);
  } finally {
    Deno.umask(umask);
  }
  assert.equal((await Deno.stat(path)).mode! & 0o777, 0o700);
});

Deno.test("openStateFolder() closes the folder behind a link, and follows none in it", async () => {
  await using folder = temporaryFolder();
  const real = `${folder.path}/real`;
  const outside = `${folder.path}/outside`;
  await Deno.mkdir(real);
  await Deno.chmod(real, 0o755);
  await Deno.writeTextFile(outside, "");
  await Deno.chmod(outside, 0o644);
  await Deno.symlink(real, `${folder.path}/link`);
  await Deno.symlink(outside, `${real}/relay.pem`);
  await Deno.writeTextFile(`${real}/key.pem`, "");
  await Deno.chmod(`${real}/key.pem`, 0o664);
  const closed = openStateFolder(`${folder.path}/link`);
  assert.deepEqual(closed.map(({ mode }) => mode.toString(8)), ["755", "664"]);
  assert.equal((await Deno.stat(real)).mode! & 0o777, 0o700);
  assert.equal((await Deno.stat(outside)).mode! & 0o777, 0o644);
});

Deno.test({
  name: "openStateFolder() refuses a folder that is open to others and cannot be closed",
  // Root can close every one, and become others.
  ignore: Deno.uid() !== 0,
  async fn() {
    await using folder = temporaryFolder();
    await Deno.chmod(folder.path, 0o755);
    const path = `${folder.path}/state`;
    await Deno.mkdir(path);
    await Deno.chmod(path, 0o777);
    await Deno.chown(path, OTHER, OTHER);
    const { stdout } = await run(Deno.execPath(), [
      ...["eval", "--ext=ts"],
      `import process from "node:process";
         import { openStateFolder } from "${import.meta.resolve("../../lib/file/state_folder.ts")}";
         process.setegid(${OWNER});
         process.seteuid(${OWNER});
         try { openStateFolder("${path}"); } catch (error) { console.log(error.message); }`,
    ]);
    assert.match(
      stdout,
      /state holds keys and is open to others \(mode 0777\), which cannot be changed: .*; run chmod 700 as its owner \(user 54321\)/,
    );
  },
});
