import { join } from "node:path";
import type { StorePlace } from "./open.ts";
import { readArchive, writeArchive } from "./sqlite/archive.ts";

/**
 * A copy of all that a relay keeps, as it is at one moment, also while one works on it. No file is left
 * behind it.
 *
 * @throws {Error} when it cannot be made.
 */
export async function archiveState({ stateDir }: StorePlace): Promise<ReadableStream<Uint8Array>> {
  const path = join(stateDir, `backup-${crypto.randomUUID()}.tmp`);
  try {
    await writeArchive(stateDir, path);
    return (await Deno.open(path)).readable;
  } finally {
    await Deno.remove(path).catch(() => {});
  }
}

/**
 * Puts a copy into an empty folder; what was put there by then is removed where that fails.
 *
 * @returns the paths of the files besides the database.
 * @throws {Error} when it is none, is damaged, or is a newer glossond's.
 */
export async function restoreState(
  copy: ReadableStream<Uint8Array<ArrayBuffer>>,
  { stateDir }: StorePlace,
): Promise<string[]> {
  const path = join(stateDir, `restore-${crypto.randomUUID()}.tmp`);
  try {
    await Deno.writeFile(path, copy, { createNew: true, mode: 0o600 });
    return await readArchive(path, stateDir);
  } catch (error) {
    for (const { name } of [...Deno.readDirSync(stateDir)]) {
      await Deno.remove(join(stateDir, name), { recursive: true });
    }
    throw error;
  } finally {
    await Deno.remove(path).catch(() => {});
  }
}
