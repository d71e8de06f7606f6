import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { endOf, must, type Ran } from "../../scripts/run.ts";
import { temporaryFolder } from "../certificate/helpers.ts";
import { makeDatabase, storePath } from "../store/helpers.ts";
import { glossondCommand } from "./admin_command.ts";
import { startRelay } from "./relay.ts";
import { signUp } from "./user.ts";

/** Somebody who is not root; needs no account. */
const DAEMON = 12_345;

/** The permissions of a path, as people write them. */
function modeOf(path: string): string {
  return (Deno.lstatSync(path).mode! & 0o777).toString(8);
}

Deno.test("a state folder that is open to others is closed at the start, with what is in it", async () => {
  const dir = await Deno.makeTempDir({ prefix: "glossond-story-" });
  const stateDir = `${dir}/state`;
  const umask = Deno.umask(0o022);
  try {
    await Deno.mkdir(stateDir, { mode: 0o755 });
    makeDatabase(storePath(stateDir));
    await Deno.chmod(`${stateDir}/glossond.sqlite`, 0o644);
    await Deno.writeTextFile(`${stateDir}/copy-of-a-key.pem`, "key", { mode: 0o640 });
    await using relay = await startRelay({ dir });
    await signUp(relay, "kaylee");
    assert.equal(modeOf(stateDir), "700");
    const files = [...Deno.readDirSync(stateDir)].map(({ name }) => name);
    assert.ok(files.includes("glossond.sqlite-wal"));
    const open = files.filter((name) => !modeOf(`${stateDir}/${name}`).endsWith("00")).sort();
    // Behind the folder's own permissions, and nothing secret.
    assert.deepEqual(open, ["local-ca.pem", "relay-status.json"]);
    const told = relay.lines.filter(({ message }) =>
      message === "was open to others, and is not any more"
    );
    assert.deepEqual(told.map(({ path, mode }) => [path, mode]).sort(), [
      [stateDir, "0755"],
      [`${stateDir}/copy-of-a-key.pem`, "0640"],
      [`${stateDir}/glossond.sqlite`, "0644"],
    ]);
  } finally {
    Deno.umask(umask);
  }
});

Deno.test("a damaged database stops the start with its path and the fix, and stays as it is", async () => {
  const dir = await Deno.makeTempDir({ prefix: "glossond-story-" });
  const path = `${dir}/state/glossond.sqlite`;
  await Deno.mkdir(`${dir}/state`);
  const content = "not a database ".repeat(100);
  await Deno.writeTextFile(path, content);
  const { code, stderr } = await endOf(glossondCommand(`${dir}/state`, ["serve"], {
    AUTHORITY: "local",
    ...Object.fromEntries(["HUB", "DATA", "CONTROL", "PAGES"].map((name) => [`${name}_PORT`, "0"])),
  }));
  assert.equal(code, 1);
  assert.match(
    stderr,
    new RegExp(`Cannot open the database ${path}: file is not a database; it is damaged, and was`),
  );
  assert.equal(await Deno.readTextFile(path), content);
  await Deno.remove(dir, { recursive: true });
});

/** What root's commands open in the state folder, and the command that does. */
const NAMES: Record<string, string[]> = {
  "cert renew --force": [
    ...["relay.lock", "relay.pem", "relay.pem.new", "relay-next.pem", "relay-next.pem.new"],
    ...["relay-status.json", "relay-status.json.new", "local-ca.lock", "local-ca.pem"],
    ...["local-ca-key.pem", "local-ca-key.pem.new"],
  ],
  "users block kaylee": ["glossond.sqlite", "glossond.sqlite-wal", "glossond.sqlite-shm"],
};

for (const [command, names] of Object.entries(NAMES)) {
  Deno.test({
    name: `root's ${command} touches nothing outside a state folder that is somebody else's`,
    ignore: Deno.uid() !== 0,
    async fn() {
      for (const name of names) {
        await using it = await someonesFolder();
        await Deno.remove(`${it.stateDir}/${name}`).catch(() => {});
        await Deno.symlink(it.victim, `${it.stateDir}/${name}`);
        await run(it.stateDir, command);
        const { uid, gid, mode, size } = await Deno.stat(it.victim);
        assert.deepEqual([uid, gid, mode! & 0o777, size], [0, 0, 0o600, it.size], name);
      }
    },
  });
}

Deno.test({
  name: "what root makes in the state folder of somebody else is theirs",
  ignore: Deno.uid() !== 0,
  async fn() {
    await using it = await someonesFolder();
    await using libraries = await rootsLibraries();
    for (const command of Object.keys(NAMES)) {
      const { code, stderr } = await run(it.stateDir, command, { DENO_DIR: libraries.path });
      assert.equal(code, 0, stderr);
    }
    const made = [...Deno.readDirSync(it.stateDir)].map(({ name }) => name);
    assert.ok(made.includes("relay.pem") && made.includes("relay.lock"));
    for (const name of made) {
      const { uid, gid } = await Deno.lstat(`${it.stateDir}/${name}`);
      assert.deepEqual([uid, gid], [DAEMON, DAEMON], name);
    }
  },
});

Deno.test({
  name: "root does nothing by itself in a state folder that its owner cannot reach, and says why",
  ignore: Deno.uid() !== 0,
  async fn() {
    await using it = await someonesFolder();
    // As systemd keeps the state of a user that exists while the service runs.
    await Deno.chmod(it.folder, 0o700);
    const before = [...Deno.readDirSync(it.stateDir)].map(({ name }) => name).sort();
    for (const command of Object.keys(NAMES)) {
      const { code, stderr } = await run(it.stateDir, command);
      assert.equal(code, 1);
      assert.match(stderr, /user 12345\) can reach it only while the service runs: start that/);
    }
    assert.deepEqual([...Deno.readDirSync(it.stateDir)].map(({ name }) => name).sort(), before);
  },
});

/** A state folder of the daemon's user with a database in it, and a file of root's beside it. */
async function someonesFolder() {
  const temporary = temporaryFolder();
  const folder = temporary.path;
  await Deno.chmod(folder, 0o755);
  const stateDir = `${folder}/state`;
  const victim = `${folder}/victim`;
  await Deno.writeTextFile(victim, "root's own", { mode: 0o600 });
  await Deno.mkdir(stateDir, { mode: 0o700 });
  makeDatabase(storePath(stateDir));
  await Deno.chown(`${stateDir}/glossond.sqlite`, DAEMON, DAEMON);
  await Deno.chown(stateDir, DAEMON, DAEMON);
  return {
    folder,
    stateDir,
    victim,
    size: "root's own".length,
    [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
  };
}

/** A copy of the program's libraries that root alone may read, as in root's own home folder. */
async function rootsLibraries() {
  const temporary = temporaryFolder();
  const libraries = fileURLToPath(
    import.meta.resolve("@peculiar/x509").replace(/(\/npm)\/.*/, "$1"),
  );
  await must("cp", ["-r", libraries, temporary.path]);
  return temporary;
}

function run(
  stateDir: string,
  command: string,
  variables: Record<string, string> = {},
): Promise<Ran> {
  return endOf(glossondCommand(stateDir, command.split(" "), { AUTHORITY: "local" }, variables));
}
