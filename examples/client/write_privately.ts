import { writeAll } from "../../lib/net/splice.ts";

/** Mode of the file: its owner only. */
const FILE_MODE = 0o600;

/**
 * Writes a file that only its owner may read: aside first, to disk, then in place. By a name of its own,
 * since `setup` may run beside `run`; without the sync of the folder that the relay's (`lib/file/durable.ts`)
 * does, since Windows opens no folder.
 *
 * @throws {Error} with the file's name, when it cannot be written; then what was there is still there.
 */
export async function writePrivately(path: string, text: string): Promise<void> {
  const aside = `${path}.${crypto.randomUUID()}.new`;
  try {
    const file = await Deno.open(aside, { write: true, createNew: true, mode: FILE_MODE });
    try {
      await writeAll(file, new TextEncoder().encode(text));
      await file.sync();
    } finally {
      file.close();
    }
    await Deno.rename(aside, path);
  } catch (error) {
    await Deno.remove(aside).catch(() => {});
    throw new Error(`Cannot write ${path}: ${(error as Error).message}`, { cause: error });
  }
}
