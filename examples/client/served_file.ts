// By the system's calls that wait, as nginx does: each is a few microseconds where the file is in use,
// and a thread that waits instead costs ten times as much, with five such calls a page.
import { join, parse, relative, sep } from "node:path";
import { isHidden } from "./file_path.ts";

/** What is at a path of a served folder; `path` has no symbolic links in it. */
export type Served = Deno.FileInfo & { path: string };

/** What a folder is told by, whatever name it is reached by; both null where the system has none. */
export type FolderId = Pick<Deno.FileInfo, "dev" | "ino">;

/** A folder that nothing is served of. */
export interface Kept {
  /** Its path, without symbolic links. */
  path: string;
  id: FolderId;
}

/**
 * The path of a folder to serve, without symbolic links.
 *
 * @throws {Error} if it is no folder that can be read, or is within the secrets.
 */
export function openRoot(folder: string, kept: Kept): string {
  let root: string;
  try {
    root = Deno.realPathSync(folder);
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound
      ? "there is no such folder"
      : (error as Error).message;
    throw new Error(`Cannot serve ${folder}: ${why}`);
  }
  if (!Deno.statSync(root).isDirectory) {
    throw new Error(`Cannot serve ${folder}: it is not a folder`);
  }
  if (isPathWithin(root, kept.path) || isFolderWithin(root, parse(root).root, kept.id)) {
    throw new Error(`Cannot serve ${folder}: the token and the key of this glosson are kept there`);
  }
  return root;
}

/** Whether nothing has a name, not even a link that leads nowhere. */
export function isAbsent(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return false;
  } catch (error) {
    return error instanceof Deno.errors.NotFound;
  }
}

/**
 * What `names` lead to in `root`, symbolic links followed, if it lies within `root`, is not hidden
 * and not `kept`.
 *
 * Where nothing has a name as it was asked for, one that is the same text counts: programs compose
 * letters with accents in one of two ways (Unicode's NFC and NFD), and a file that came from another
 * system is not always named in the way that links to it are written.
 *
 * @throws {Error} if it cannot be told for now, see {@linkcode isNotForUs}.
 */
export function findServed(
  root: string,
  names: readonly string[],
  kept: Kept,
): Served | undefined {
  const found = served(root, join(root, ...names), kept);
  // deno-lint-ignore no-control-regex -- ASCII is what has one form only
  if (found !== undefined || /^[\x00-\x7f]*$/.test(names.join(""))) return found;
  const path = composedAlike(root, names);
  return path === undefined ? undefined : served(root, path, kept);
}

function served(root: string, path: string, kept: Kept): Served | undefined {
  try {
    const real = Deno.realPathSync(path);
    const within = real === root ? "" : relative(root, real);
    if (isHidden(within.split(sep)) || join(root, within) !== real) return undefined;
    if (isPathWithin(real, kept.path) || isFolderWithin(real, root, kept.id)) {
      return undefined;
    }
    // Looked at before it is opened: opening a pipe would wait for its other end.
    return { ...Deno.statSync(real), path: real };
  } catch (error) {
    if (!isNotForUs(error)) throw error;
    return undefined;
  }
}

/** What a path's fault is called that stays: it is not there, or we may not read it. */
const STAYING_FAULTS = new Set([
  "ENOENT",
  "ENOTDIR",
  "EACCES",
  "EPERM",
  "ELOOP",
  "ENAMETOOLONG",
  "EINVAL",
]);

/**
 * Whether an error says that nothing is at a path for us: to a visitor both are the same. Any other tells of
 * a disk, or of this program's own limits, and of nothing that stays.
 */
export function isNotForUs(error: unknown): boolean {
  return STAYING_FAULTS.has((error as { code?: string }).code ?? "");
}

/** Finds each name in turn, in any form. */
function composedAlike(root: string, names: readonly string[]): string | undefined {
  let path = root;
  for (const name of names) {
    const forms = new Set([name, name.normalize("NFC"), name.normalize("NFD")]);
    let next: string | undefined;
    for (const form of forms) {
      const candidate = join(path, form);
      if (next === undefined && isThere(candidate)) next = candidate;
    }
    if (next === undefined) return undefined;
    path = next;
  }
  return path;
}

function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Whether `path` is `folder` or in it, by the text of both. */
export function isPathWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}${sep}`);
}

/**
 * Whether `path`, or a folder above it and below `root`, is the folder with this identity.
 *
 * The text of a path does not tell where a file system knows no case, or a folder is mounted twice.
 * What this program may not look at is not that folder, which it uses.
 */
export function isFolderWithin(path: string, root: string, id: FolderId): boolean {
  if (id.ino === null) return false;
  const names = path === root ? [] : relative(root, path).split(sep);
  for (let i = names.length; i > 0; i--) {
    try {
      const found = Deno.statSync(join(root, ...names.slice(0, i)));
      if (found.ino === id.ino && found.dev === id.dev) return true;
    } catch {
      // Not to be looked at.
    }
  }
  return false;
}
