/**
 * Files that survive a loss of power, locks, the state folder. Imports nothing of this project.
 *
 * @module
 */
import { dirname } from "node:path";
import { createPlain, openPlain, readPlain } from "./plain_file.ts";

/**
 * Writes a file so that after a loss of power either the old or the new content is there, whole:
 * written aside, synced, renamed, and the folder synced. Only one writer a path at a time.
 *
 * @param mode file mode, e.g. 0o600 for what holds a key.
 */
export async function writeDurably(path: string, text: string, mode: number): Promise<void> {
  const aside = `${path}.new`;
  try {
    // A left-over of a crash may have another mode, and `mode` counts for new files only.
    await removeIfThere(aside);
    createPlain(aside, mode);
    const file = openPlain(aside, { write: true });
    try {
      const bytes = new TextEncoder().encode(text);
      for (let sent = 0; sent < bytes.length;) sent += await file.write(bytes.subarray(sent));
      await file.sync();
    } finally {
      file.close();
    }
    await Deno.rename(aside, path);
  } catch (error) {
    await removeIfThere(aside).catch(() => {});
    throw new Error(`Cannot write ${path}: ${explain(error)}`, { cause: error });
  }
  await syncFolder(dirname(path));
}

/** Removes a file for good; no error when there is none. */
export async function removeDurably(path: string): Promise<void> {
  await removeIfThere(path);
  await syncFolder(dirname(path));
}

/** Reads a text file; undefined when there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readPlain(path);
  } catch (error) {
    throw new Error(`Cannot read ${path}: ${explain(error)}`, { cause: error });
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** A rename lasts only once its folder is on the disk too. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await Deno.open(path);
  try {
    await folder.sync();
  } finally {
    folder.close();
  }
}

/** The fix for the file errors that operators meet. */
export function explain(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const { code } = error as { code?: string };
  if (code === "ENOSPC" || /no space left/i.test(message)) {
    return "the disk is full; free some space";
  }
  if (code === "EROFS" || /read-only file system/i.test(message)) {
    return "the file system is read-only; let this service write there";
  }
  // Those of `node:fs` have a code, and no class.
  if (error instanceof Deno.errors.NotFound || code === "ENOENT") {
    return "its folder is gone; put a copy in its place (glossond restore), or restart for a new one";
  }
  if (error instanceof Deno.errors.PermissionDenied || code === "EACCES" || code === "EPERM") {
    return `${message}; run this as root or as the relay's user, who has to own the state folder and all that is in it (chown -R)`;
  }
  return message;
}
