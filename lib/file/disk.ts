import { statfs } from "node:fs/promises";
import { explain } from "./durable.ts";
import { lstat } from "./plain_file.ts";

/** Why no file can be written in a folder, with the fix; undefined where one can. */
export function whyUnwritable(folder: string): string | undefined {
  // By a name that nobody else has: the folder may be another one than the relay's.
  const probe = `${folder}/.glossond-probe`;
  try {
    // Left by a crash, or by somebody: never written through.
    if (lstat(probe) !== undefined) Deno.removeSync(probe);
    Deno.writeFileSync(probe, new Uint8Array(4096), { mode: 0o600, createNew: true });
    return undefined;
  } catch (error) {
    // By another process of the relay, just now.
    return error instanceof Deno.errors.AlreadyExists ? undefined : explain(error);
  } finally {
    try {
      // Also where it was made, and could not be written.
      Deno.removeSync(probe);
    } catch {
      // By that process; else the next one removes it.
    }
  }
}

/** How many MiB are free on a folder's disk for who is not root; Infinity where its file system does not tell. */
export function freeMib(folder: string): Promise<number> {
  return statfs(folder).then(({ bavail, bsize }) => bavail * bsize / 2 ** 20, () => Infinity);
}
