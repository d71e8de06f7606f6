import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { acquireLock } from "../../lib/file/lock.ts";
import { lockForRestore, lockForUse } from "../../lib/file/state_lock.ts";
import { removeLeftWork } from "../../lib/file/work_folder.ts";
import { archiveState, ArchiveThread, restoreState } from "../../lib/store/archive.ts";
import { temporaryFolder } from "../certificate/helpers.ts";
import { makeDatabase, storePath } from "./helpers.ts";
import { longestPause } from "./longest_pause.ts";

/** A state folder with a database and a file beside it. */
async function stateFolder(): Promise<ReturnType<typeof temporaryFolder>> {
  const folder = temporaryFolder();
  makeDatabase(storePath(folder.path));
  await Deno.writeTextFile(`${folder.path}/key.pem`, "a key", { mode: 0o600 });
  return folder;
}

function namesIn(path: string): string[] {
  return [...Deno.readDirSync(path)].map(({ name }) => name).sort();
}

Deno.test("archiveState() lets a relay go on while a large database is copied", async () => {
  await using folder = await stateFolder();
  {
    using db = new DatabaseSync(storePath(folder.path));
    db.exec("CREATE TABLE filler (bytes BLOB)");
    db.exec(
      `WITH RECURSIVE row (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM row WHERE n < 2000)
       INSERT INTO filler SELECT zeroblob(1e5) FROM row`,
    );
  }
  await using beside = await ArchiveThread.start();
  let copy: ReadableStream<Uint8Array> | undefined;
  const { pause, all } = await longestPause(async () => {
    copy = await archiveState({ stateDir: folder.path }, { beside });
  });
  assert.ok(pause < all / 2, `${pause} of ${all} ms`);
  await copy!.cancel();
  assert.deepEqual(namesIn(folder.path).filter((name) => name.endsWith(".tmp")), []);
});

Deno.test("archiveState() waits for nobody without end who lets nobody read", async () => {
  await using folder = await stateFolder();
  using other = new DatabaseSync(storePath(folder.path));
  other.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE mine (id INT)");
  await assert.rejects(
    archiveState({ stateDir: folder.path }),
    /database is locked; another program holds it: end that one \(fuser /,
  );
  assert.deepEqual(namesIn(folder.path).filter((name) => name.endsWith(".tmp")), []);
});

Deno.test("archiveState() tells why there can be no copy, and leaves nothing", async () => {
  await using folder = temporaryFolder();
  await Deno.writeTextFile(storePath(folder.path), "no database at all".repeat(50));
  await using thread = await ArchiveThread.start();
  for (const beside of [undefined, thread]) {
    await assert.rejects(
      archiveState({ stateDir: folder.path }, { beside }),
      /^StoreError: Cannot copy \S+ to \S+: file is not a database; it is damaged/,
    );
  }
  assert.deepEqual(namesIn(folder.path), ["glossond.sqlite"]);
});

Deno.test("restoreState() replaces nothing that has come meanwhile, and leaves nothing of the copy", async () => {
  await using folder = await stateFolder();
  const copy = await archiveState({ stateDir: folder.path });
  await using other = temporaryFolder();
  await Deno.writeTextFile(`${other.path}/key.pem`, "another key");
  await assert.rejects(
    restoreState(
      copy as ReadableStream<Uint8Array<ArrayBuffer>>,
      { stateDir: other.path },
      { by: "operator" },
    ),
    /key\.pem has come meanwhile/,
  );
  assert.deepEqual(namesIn(other.path), ["key.pem"]);
  assert.equal(await Deno.readTextFile(`${other.path}/key.pem`), "another key");
});

Deno.test("lockForRestore() finds no relay on the folder, and lets none come", async () => {
  await using folder = temporaryFolder();
  const relays = [await lockForUse(folder.path), await lockForUse(folder.path)];
  await assert.rejects(lockForRestore(folder.path), /A relay runs on .*\(daemon \(process \d+\)\)/);
  for (const relay of relays) relay.release();
  {
    using _restore = await lockForRestore(folder.path);
    await assert.rejects(lockForUse(folder.path), /A back-up is being restored into .*: start the/);
  }
  (await lockForUse(folder.path)).release();
});

Deno.test("removeLeftWork() removes what a dead process left, and nothing else", async () => {
  await using folder = await stateFolder();
  const [left, busy] = ["backup", "restore"].map((what) =>
    `${folder.path}/${what}-${crypto.randomUUID()}.tmp`
  );
  for (const path of [left!, busy!]) {
    await Deno.mkdir(path);
    await Deno.writeTextFile(`${path}/copy`, "half a copy");
  }
  const lock = await acquireLock(`${busy}/lock`, { owner: "restore" });
  await removeLeftWork(folder.path);
  assert.deepEqual(
    namesIn(folder.path),
    ["glossond.sqlite", "key.pem", busy!.slice(folder.path.length + 1)],
  );
  lock!.release();
});
