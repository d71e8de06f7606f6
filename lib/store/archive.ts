import { join } from "node:path";
import { syncFolder } from "../file/durable.ts";
import { lstat } from "../file/plain_file.ts";
import { ensureFolder } from "../file/state_folder.ts";
import { inWorkFolder } from "../file/work_folder.ts";
import { StoreError } from "./error.ts";
import type { Trace } from "./acts.ts";
import { openStore, type StorePlace } from "./open.ts";
import { readArchive, writeArchive } from "./sqlite/archive.ts";
import type { ArchiveThread } from "./sqlite/archive_thread.ts";

export { ArchiveThread } from "./sqlite/archive_thread.ts";

/** Options for {@linkcode archiveState}. */
export interface ArchiveOptions {
  /** Where it is made while the process does something else, which must not wait. @default {in this thread} */
  beside?: ArchiveThread;
  /** Gives it up, where it is made beside. */
  signal?: AbortSignal;
}

/**
 * A copy of all that a relay keeps, as it is at one moment, also while one works on it. No file is left
 * behind it.
 *
 * @throws {StoreError} when it cannot be made.
 */
export async function archiveState(
  { stateDir }: StorePlace,
  { beside, signal }: ArchiveOptions = {},
): Promise<ReadableStream<Uint8Array>> {
  try {
    return await inWorkFolder(stateDir, "backup", async (folder) => {
      const path = join(folder, "copy");
      if (beside === undefined) await writeArchive(stateDir, path);
      else await beside.write({ stateDir, target: path }, signal);
      return (await Deno.open(path)).readable;
    });
  } catch (error) {
    throw new StoreError((error as Error).message, { cause: error });
  }
}

/**
 * Puts a copy into a state folder that has nothing of what is in the copy, and notes that it was done. All of it is
 * made beside that and moved there once it is whole; where something fails the folder is as it was.
 *
 * @returns the paths of the files besides the database.
 * @throws {Error} when the copy is none, is damaged, or is a newer glossond's.
 */
export function restoreState(
  copy: ReadableStream<Uint8Array<ArrayBuffer>>,
  { stateDir }: StorePlace,
  trace: Trace,
): Promise<string[]> {
  return inWorkFolder(stateDir, "restore", async (folder) => {
    const archive = join(folder, "copy");
    await Deno.writeFile(archive, copy, { createNew: true, mode: 0o600 });
    const made = join(folder, "state");
    ensureFolder(made);
    const files = await readArchive(archive, made);
    const store = await openStore({ stateDir: made });
    await store.acts.note({ act: "restore", ...trace }).finally(() => store.close());
    await moveAll(made, stateDir);
    return files;
  });
}

/** Moves what is in a folder into another, where nothing is replaced: all of it, or nothing. */
async function moveAll(from: string, to: string): Promise<void> {
  const moved: string[] = [];
  try {
    for (const { name } of [...Deno.readDirSync(from)]) {
      const target = join(to, name);
      if (lstat(target) !== undefined) throw new Error(`${target} has come meanwhile`);
      Deno.renameSync(join(from, name), target);
      moved.push(target);
    }
    await syncFolder(to);
  } catch (error) {
    for (const path of moved) Deno.removeSync(path, { recursive: true });
    throw error;
  }
}
