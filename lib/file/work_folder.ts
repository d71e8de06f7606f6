import { join } from "node:path";
import { acquireLock } from "./lock.ts";
import { ensureFolder } from "./state_folder.ts";

/** The names of these folders, and of no other. */
const NAME = /^[a-z]+-[0-9a-f-]{36}\.tmp$/;

/** Held in each by the process that works there: one whose lock is free was left by a dead process. */
const LOCK_FILE = "lock";

/**
 * Does work in a folder of its own in the state folder, which is removed afterwards; where the process
 * dies before, {@linkcode removeLeftWork} does that later.
 *
 * @param what names the work, in lower-case letters.
 */
export async function inWorkFolder<T>(
  stateDir: string,
  what: string,
  work: (path: string) => Promise<T>,
): Promise<T> {
  const path = join(stateDir, `${what}-${crypto.randomUUID()}.tmp`);
  ensureFolder(path);
  const lock = await acquireLock(join(path, LOCK_FILE), { owner: what });
  try {
    return await work(path);
  } finally {
    await Deno.remove(path, { recursive: true }).catch(() => {});
    lock?.release();
  }
}

/** Removes the folders of work that nobody does any more. */
export async function removeLeftWork(stateDir: string): Promise<void> {
  for (const { name, isDirectory } of [...Deno.readDirSync(stateDir)]) {
    if (!isDirectory || !NAME.test(name)) continue;
    const path = join(stateDir, name);
    const lock = await acquireLock(join(path, LOCK_FILE), { owner: "clean-up" });
    if (lock === undefined) continue;
    await Deno.remove(path, { recursive: true });
    lock.release();
  }
}
