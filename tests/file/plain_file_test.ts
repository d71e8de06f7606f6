import assert from "node:assert/strict";
import { openChallengeJournal } from "../../lib/dns/challenge_journal.ts";
import { openOrderJournal } from "../../lib/acme/order_journal.ts";
import { openRelayStore } from "../../lib/certificate/store.ts";
import { readIfThere, writeDurably } from "../../lib/file/durable.ts";
import { acquireLock, lockOwner } from "../../lib/file/lock.ts";
import { closeToOthers, openPlain } from "../../lib/file/plain_file.ts";
import { ensureFolder } from "../../lib/file/state_folder.ts";
import { temporaryFolder } from "../certificate/helpers.ts";
import { makeDatabase } from "../store/helpers.ts";

/** Somebody who is not root; needs no account. */
const DAEMON = 12_345;

/** What stands in the place of a file of the state folder; `victim` is a file of root's. */
const PLANTS: Record<string, (path: string, victim: string) => Promise<unknown>> = {
  "a symbolic link": (path, victim) => Deno.symlink(victim, path),
  "a symbolic link to nothing": (path, victim) => Deno.symlink(`${victim}-none`, path),
  "a hard link": (path, victim) => Deno.link(victim, path),
  "a pipe": (path) => new Deno.Command("mkfifo", { args: [path] }).output(),
  "a folder": (path) => Deno.mkdir(path),
};

/** Everything that opens a file of the state folder by its name. */
const OPENERS: Record<string, (path: string) => unknown> = {
  "openPlain()": (path) => openPlain(path, { write: true, create: true }).close(),
  "acquireLock()": async (path) => (await acquireLock(path, { owner: "test" }))?.release(),
  "readIfThere()": async (path) => {
    if (await readIfThere(path) === undefined) throw new Error(`There is no ${path}`);
  },
  "closeToOthers()": (path) => {
    closeToOthers(path);
    throw new Error(`Cannot use ${path}: it was closed already`);
  },
  "openDatabase()": makeDatabase,
};

/** Runs with a folder of the daemon's user that has something planted in it. */
async function withPlant(
  plant: (path: string, victim: string) => Promise<unknown>,
  work: (path: string) => Promise<unknown>,
  end = "",
): Promise<void> {
  await using folder = temporaryFolder();
  const victim = `${folder.path}/victim`;
  const dir = `${folder.path}/state`;
  await Deno.mkdir(dir, { mode: 0o700 });
  if (Deno.uid() === 0) await Deno.chown(dir, DAEMON, DAEMON);
  await Deno.writeTextFile(victim, "root's own\n".repeat(100), { mode: 0o644 });
  const before = await Deno.stat(victim);
  await plant(`${dir}/file${end}`, victim);
  await work(`${dir}/file${end}`);
  const { uid, gid, mode, size, mtime } = await Deno.stat(victim);
  const { uid: u, gid: g, mode: m, size: s, mtime: t } = before;
  assert.deepEqual([uid, gid, mode, size, mtime], [u, g, m, s, t], "the victim was touched");
  await assert.rejects(Deno.lstat(`${victim}-none`), Deno.errors.NotFound);
}

for (const [what, plant] of Object.entries(PLANTS)) {
  for (const [opener, open] of Object.entries(OPENERS)) {
    Deno.test({
      name: `${opener} uses ${what} in the place of a file for nothing`,
      // A hard link to a file of one's own is none of somebody else's.
      ignore: what === "a hard link" && Deno.uid() !== 0,
      fn: () =>
        withPlant(plant, async (path) => {
          await assert.rejects(
            Promise.try(() => open(path)),
            (error: Error) => error.message.includes(path),
          );
        }),
    });
  }

  Deno.test(`writeDurably() replaces ${what} by the file, or refuses`, () =>
    withPlant(plant, async (path) => {
      const written = await writeDurably(path, "new", 0o600).then(() => true, () => false);
      assert.equal(written, what !== "a folder");
      if (written) assert.equal((await Deno.lstat(path)).isFile, true);
    }));

  Deno.test(`writeDurably() is not misled by ${what} at its name aside`, () =>
    withPlant(plant, async (path) => {
      await writeDurably(path.replace(/\.new$/, ""), "new", 0o600);
      assert.equal(await Deno.readTextFile(path.replace(/\.new$/, "")), "new");
    }, ".new"));

  Deno.test(`ensureFolder() and what is kept in one refuse ${what} in its place`, () =>
    withPlant(plant, async (path) => {
      if (what === "a folder") return;
      const openers = [
        () => ensureFolder(path),
        () => openOrderJournal(path, Date.now()),
        () => openChallengeJournal(path),
      ];
      for (const open of openers) {
        await assert.rejects(Promise.try(open), /it is no folder of its own; remove it/);
      }
    }));
}

Deno.test("a link to a folder in the place of one is used for nothing", () =>
  withPlant(async (path, victim) => {
    await Deno.mkdir(`${victim}-folder`);
    await Deno.writeTextFile(`${victim}-folder/old`, "");
    await Deno.utime(`${victim}-folder/old`, 0, 0);
    await Deno.symlink(`${victim}-folder`, path);
  }, async (path) => {
    await assert.rejects(openOrderJournal(path, Date.now()), /it is no folder of its own/);
    await Deno.stat(`${path}/old`);
  }));

Deno.test("lockOwner() and the store's version look at no file elsewhere", () =>
  withPlant(PLANTS["a symbolic link"]!, async (path) => {
    assert.equal(await lockOwner(path), "another process");
    const folder = path.replace(/\/file$/, "");
    await Deno.rename(path, `${folder}/relay.pem`);
    await assert.rejects(openRelayStore(folder).read(), /relay\.pem: it is a symbolic link/);
  }));
