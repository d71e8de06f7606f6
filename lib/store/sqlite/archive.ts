/*
 * A copy of all that a relay keeps, in one file: its database, and in a table of that the other files of
 * the state folder. The table is that of an SQLite archive (sqlite.org/sqlar.html), so that
 * `sqlite3 -A -t -f FILE` lists them.
 */
import { dirname, join } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { createPlain, lstat, openIfThere, openPlain } from "../../file/plain_file.ts";
import { ensureFolder } from "../../file/state_folder.ts";
import { openDatabase } from "./database.ts";
import { SQLITE_FILE } from "./open.ts";
import { isSqliteError } from "./transaction.ts";
import { isOfDisk, withFix } from "./with_fix.ts";

/** How long another program may let nobody read. */
const LOCK_TIMEOUT_MS = 5_000;

/** What a process has of its own, or makes anew: the database comes by itself. */
const LEFT_OUT = /^glossond\.sqlite|\.(?:lock|sock|tmp)(?:-\w+)?$|^(?:.*\/)?lock$|^\./;

/** Paths that can be in an archive: nothing leads out of the folder. */
const SAFE_PATH = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)?$/;

/**
 * Writes a copy as it is at one moment, also while a relay works on it.
 *
 * @param target is made, and is its folder's owner's alone.
 * @throws {Error} when something has its name, or it cannot be read or written; the message names both and the fix.
 */
export async function writeArchive(stateDir: string, target: string): Promise<void> {
  const source = join(stateDir, SQLITE_FILE);
  try {
    await copyAll(stateDir, source, target);
  } catch (error) {
    if (!isSqliteError(error)) throw error;
    const why = withFix((error as Error).message, source);
    throw new Error(`Cannot copy ${source} to ${target}: ${why}`, { cause: error });
  }
}

async function copyAll(stateDir: string, database: string, target: string): Promise<void> {
  if (lstat(target) !== undefined) throw new Error(`${target} is there already`);
  createPlain(target);
  {
    using source = new DatabaseSync(database, { readOnly: true, timeout: LOCK_TIMEOUT_MS });
    // To copy is tried again without end while another program lets nobody read.
    source.prepare("PRAGMA schema_version").get();
    // All pages in one step, else it begins anew whenever somebody writes between two.
    await backup(source, target, { rate: -1 });
  }
  using copy = new DatabaseSync(target);
  // One file, and nothing beside it.
  copy.exec("PRAGMA journal_mode = DELETE");
  copy.exec(
    "CREATE TABLE sqlar (name TEXT PRIMARY KEY, mode INT, mtime INT, sz INT, data BLOB)",
  );
  const insert = copy.prepare("INSERT INTO sqlar VALUES (?, ?, ?, ?, ?)");
  for (const path of filesIn(stateDir)) {
    const file = await readFile(join(stateDir, path));
    // Gone since the folder was listed: an order's note, whose order has ended.
    if (file === undefined) continue;
    const { data, mtime } = file;
    // Regular, and for its owner alone.
    insert.run(path, 0o100600, Math.floor(mtime / 1000), data.length, data);
  }
}

/**
 * Puts what an archive holds into an empty folder, on the disk, and looks whether it can be used.
 *
 * @returns the paths of the files besides the database.
 * @throws {Error} when it is no archive, is damaged, or is a newer glossond's.
 */
export async function readArchive(archive: string, stateDir: string): Promise<string[]> {
  const path = join(stateDir, SQLITE_FILE);
  const files = await copyDatabase(archive, path);
  for (const { name, data } of files) {
    const target = join(stateDir, name);
    if (dirname(name) !== ".") ensureFolder(dirname(target));
    createPlain(target);
    using file = openPlain(target, { write: true });
    for (let rest = data; rest.length > 0;) rest = rest.subarray(file.writeSync(rest));
    file.syncSync();
  }
  openDatabase(path).close();
  return files.map(({ name }) => name);
}

/** Copies the database, and takes the files out of it. */
async function copyDatabase(
  archive: string,
  target: string,
): Promise<{ name: string; data: Uint8Array }[]> {
  try {
    {
      using source = new DatabaseSync(archive, { readOnly: true });
      const [{ integrity_check }] = source.prepare("PRAGMA integrity_check").all() as [
        { integrity_check: string },
      ];
      if (integrity_check !== "ok") throw new Error(integrity_check);
      source.prepare("SELECT name, data FROM sqlar LIMIT 1");
      createPlain(target);
      await backup(source, target);
    }
    using copy = new DatabaseSync(target);
    const files = copy.prepare("SELECT name, data FROM sqlar").all() as {
      name: string;
      data: Uint8Array;
    }[];
    const odd = files.find(({ name }) => !SAFE_PATH.test(name) || LEFT_OUT.test(name));
    if (odd !== undefined) throw new Error(`it has a file ${JSON.stringify(odd.name)}`);
    copy.exec("PRAGMA secure_delete = ON; DROP TABLE sqlar");
    return files;
  } catch (error) {
    const { message } = error as Error;
    const why = isOfDisk(message)
      ? withFix(message, target)
      : `It is no back-up of glossond's, or damaged: ${message}`;
    throw new Error(why, { cause: error });
  }
}

/** Paths of the files to be kept, below a folder and the folders in it. */
function filesIn(folder: string, prefix = ""): string[] {
  return [...Deno.readDirSync(join(folder, prefix))].flatMap(({ name, isFile, isDirectory }) => {
    const path = prefix + name;
    if (LEFT_OUT.test(path)) return [];
    if (isDirectory && prefix === "") return filesIn(folder, `${name}/`);
    return isFile && SAFE_PATH.test(path) ? [path] : [];
  }).sort();
}

async function readFile(path: string): Promise<{ data: Uint8Array; mtime: number } | undefined> {
  const file = openIfThere(path);
  if (file === undefined) return undefined;
  const { mtime } = await file.stat();
  return { data: await new Response(file.readable).bytes(), mtime: mtime?.getTime() ?? 0 };
}
