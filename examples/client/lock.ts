import type { State } from "./state.ts";

/** A lock that is held until it is released or the process ends, however that happens. */
export interface Lock {
  release(): void;
}

/**
 * Takes the lock at `path`, whose folder exists; undefined when another process holds it.
 *
 * A lock on an open file, not the file's existence: nothing is left behind by a crash. The relay's own
 * (`lib/file/lock.ts`) is not used here: it refuses what is no plain file of the folder's owner, which it tells by
 * inodes and user ids that Windows does not have, and a person's state folder may be made of links.
 */
export async function takeLock(path: string): Promise<Lock | undefined> {
  const file = await openLock(path);
  if (await file.tryLock(true)) return { release: () => file.close() };
  file.close();
  return undefined;
}

/** Opens the file of a lock; to read where nothing can be written, as in a folder that is mounted so. */
async function openLock(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path, { create: true, write: true, read: true, mode: 0o600 });
  } catch (error) {
    return await Deno.open(path).catch(() => {
      throw error;
    });
  }
}

/**
 * Takes the lock of a state folder.
 *
 * @param doing what it is for, for a person.
 * @throws {Error} when another glosson holds it.
 */
export async function lockState(state: State, doing: string): Promise<Disposable> {
  const lock = await takeLock(state.path("lock"));
  if (lock === undefined) {
    throw new Error(
      `Cannot ${doing}: another glosson is running with ${state.folder}; stop it first`,
    );
  }
  return { [Symbol.dispose]: () => lock.release() };
}
