/*
 * Files in the state folder, and nothing else by their names: a link to somebody's file, a pipe or a
 * device in the place of one is refused, whoever put it there.
 */
import { closeSync, constants, fchmodSync, fchownSync, fstatSync, openSync } from "node:fs";
import { dirname } from "node:path";

/** How often a file that is replaced while it is being opened is opened anew. */
const OPEN_TRIES = 5;

/** Options for {@linkcode openPlain}. */
export interface OpenPlainOptions {
  /** @default {false} */
  write?: boolean;
  /** Writes go to the end. @default {false} */
  append?: boolean;
  /** Makes it (mode 0600) when it is missing. @default {false} */
  create?: boolean;
}

/**
 * Opens a plain file for reading; never through a link, and never one that was linked here by
 * somebody else, so that what is written goes into no other file. The caller closes it.
 *
 * What is opened is compared with what the name stands for, because `O_NOFOLLOW` does not hold under
 * all of the runtime's permissions: it may have resolved the path by then. Nothing is created,
 * emptied or waited for on the way.
 *
 * @throws {Deno.errors.NotFound} when it is missing.
 * @throws {Error} when something else has its name; the message names it and the fix.
 */
export function openPlain(path: string, options: OpenPlainOptions = {}): Deno.FsFile {
  const { write = false, append = false, create = false } = options;
  for (let tries = 0;; tries++) {
    const named = lstat(path);
    if (named === undefined) {
      if (!create) throw new Deno.errors.NotFound(`There is no ${path}`);
      createPlain(path);
      continue;
    }
    checkPlain(path, named);
    let file: Deno.FsFile;
    try {
      file = Deno.openSync(path, { read: true, write, append });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound && tries < OPEN_TRIES) continue;
      throw error;
    }
    const opened = file.statSync();
    if (opened.ino === named.ino && opened.dev === named.dev) return file;
    file.close();
    if (tries >= OPEN_TRIES) throw new Error(`Cannot use ${path}: something keeps replacing it`);
  }
}

/** As {@linkcode openPlain}; undefined when the file is missing. The caller closes it. */
export function openIfThere(path: string, options?: OpenPlainOptions): Deno.FsFile | undefined {
  try {
    return openPlain(path, options);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Reads a whole text file as {@linkcode openPlain} opens it; undefined when it is missing. */
export async function readPlain(path: string): Promise<string | undefined> {
  const file = openIfThere(path);
  return file && await new Response(file.readable).text();
}

/**
 * Makes an empty file, which the owner of its folder then has, also when root makes it: an operator
 * runs commands as root beside a daemon that is not. Does nothing when something has its name.
 */
export function createPlain(path: string, mode = 0o600): void {
  const { O_RDWR, O_CREAT, O_EXCL } = constants;
  let descriptor: number;
  try {
    // Exclusive: the one way that follows no link, whatever the runtime's permissions.
    descriptor = openSync(path, O_RDWR | O_CREAT | O_EXCL, mode);
  } catch (error) {
    if ((error as { code?: string }).code === "EEXIST") return;
    throw error;
  }
  try {
    giveToOwner(descriptor, dirname(path));
  } finally {
    closeSync(descriptor);
  }
}

/** Takes a file's permissions from all but its owner; returns the mode it had, if it was open. */
export function closeToOthers(path: string): number | undefined {
  const named = lstat(path);
  if (named === undefined || named.mode === null || (named.mode & 0o077) === 0) return undefined;
  checkPlain(path, named);
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const opened = fstatSync(descriptor);
    if (opened.ino !== named.ino || opened.dev !== named.dev) {
      throw new Error(`Cannot use ${path}: something keeps replacing it`);
    }
    fchmodSync(descriptor, named.mode & 0o700);
  } finally {
    closeSync(descriptor);
  }
  return named.mode & 0o777;
}

/**
 * Checks that a name stands for a file of the folder's own; also before a library opens it by path.
 *
 * @throws {Error} when it does not; the message names it and the fix.
 */
export function checkPlain(path: string, info: Deno.FileInfo | undefined = lstat(path)): void {
  if (info === undefined) return;
  const what = kindOf(info) ?? (isForeign(path, info) ? "another name of a file elsewhere" : "");
  if (what === "") return;
  throw new Error(
    `Cannot use ${path}: it is ${what}, where a plain file belongs; remove it, and find out who put it there`,
  );
}

function kindOf(info: Deno.FileInfo): string | undefined {
  if (info.isFile) return undefined;
  if (info.isSymlink) return "a symbolic link";
  if (info.isDirectory) return "a folder";
  if (info.isFifo) return "a pipe";
  return info.isSocket ? "a socket" : "a device";
}

/** Whether a hard link was made to a file that is not the folder's owner's. */
function isForeign(path: string, { nlink, uid }: Deno.FileInfo): boolean {
  return nlink !== null && nlink > 1 && uid !== Deno.statSync(dirname(path)).uid;
}

/** Gives what root has just made to the owner of the folder that it is in. */
export function giveToOwner(descriptor: number, folder: string): void {
  const owner = Deno.statSync(folder);
  if (owner.uid !== null && owner.uid !== 0 && fstatSync(descriptor).uid === 0) {
    fchownSync(descriptor, owner.uid, owner.gid ?? 0);
  }
}

/** What a name stands for itself, without following a link; undefined when there is nothing. */
export function lstat(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Whether anything is at a path; true also where that cannot be seen. */
export function isThere(path: string): Promise<boolean> {
  return Deno.stat(path).then(() => true, (error) => !(error instanceof Deno.errors.NotFound));
}
