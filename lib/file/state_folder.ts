import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { explain } from "./durable.ts";
import { closeToOthers, giveToOwner, lstat } from "./plain_file.ts";

/** What has nothing secret in it, and may be read by whoever is let into the folder. */
const PUBLIC = ["local-ca.pem", "relay-status.json"];

/** A file or folder that was open to others, and is not any more. */
export interface Closed {
  path: string;
  /** The permissions that it had. */
  mode: number;
}

/**
 * Makes the state folder (mode 0700), or takes the permissions of all but its owner from one that is
 * there, and from the secret files in it: an earlier version, a copy or a common umask left them
 * readable. The folder itself may be named by a symbolic link, as systemd does.
 *
 * @returns what was open.
 * @throws {Error} when it cannot be made or closed; the message names it and the fix.
 */
export function openStateFolder(path: string): Closed[] {
  try {
    Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new Error(
      `Cannot make the state folder ${path}: ${explain(error)}; set another in GLOSSOND_STATE_DIR`,
      { cause: error },
    );
  }
  const closed = [...closeFolder(path)];
  for (const { name, isFile } of list(path)) {
    if (!isFile || PUBLIC.includes(name)) continue;
    try {
      const mode = closeToOthers(`${path}/${name}`);
      if (mode !== undefined) closed.push({ path: `${path}/${name}`, mode });
    } catch {
      // Somebody else's: behind the closed folder nobody reaches it, and who uses it will tell.
    }
  }
  return closed;
}

function list(path: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(path)];
  } catch (error) {
    throw new Error(`Cannot read the state folder ${path}: ${explain(error)}`, { cause: error });
  }
}

function closeFolder(path: string): Closed[] {
  const { mode, uid } = Deno.statSync(path);
  // Windows has none.
  if (mode === null || (mode & 0o077) === 0) return [];
  const shown = `0${(mode & 0o777).toString(8)}`;
  let why = "its file system keeps no permissions; choose a folder on another";
  try {
    Deno.chmodSync(path, 0o700);
  } catch (error) {
    why =
      `${(error as Error).message}; run chmod 700 as its owner (user ${uid}), or let the user ` +
      "that glossond runs as own it";
  }
  if (((Deno.statSync(path).mode ?? 0) & 0o077) === 0) return [{ path, mode: mode & 0o777 }];
  throw new Error(
    `The state folder ${path} holds keys and is open to others (mode ${shown}), which cannot be changed: ${why}`,
  );
}

/**
 * Makes a folder in the state folder (mode 0700) when it is missing; its owner is that folder's.
 *
 * @throws {Error} when something else has its name, also a link to a folder.
 */
export function ensureFolder(path: string): void {
  try {
    if (lstat(path) === undefined) makeFolder(path);
  } catch (error) {
    throw new Error(`Cannot make the folder ${path}: ${explain(error)}`, { cause: error });
  }
  if (lstat(path)?.isDirectory !== true) {
    throw new Error(
      `Cannot use ${path}: it is no folder of its own; remove it, and find out who put it there`,
    );
  }
}

function makeFolder(path: string): void {
  Deno.mkdirSync(path, { mode: 0o700 });
  const made = lstat(path);
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    if (fstatSync(descriptor).ino === made?.ino) giveToOwner(descriptor, dirname(path));
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Becomes the owner of a folder, for the rest of the process's life, when root works in somebody
 * else's: then no link in it can lead to what its owner could not do.
 *
 * A folder that is not there yet, and one of root's own, change nothing.
 *
 * @throws {Error} when root cannot become that user, or that user cannot reach the folder; the message
 * says what to do instead.
 */
export function becomeOwner(path: string): void {
  if (Deno.build.os === "windows" || process.geteuid?.() !== 0) return;
  let owner: Deno.FileInfo;
  try {
    owner = Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  const { uid, gid } = owner;
  if (uid === null || gid === null || uid === 0) return;
  try {
    process.setegid?.(gid);
    process.seteuid?.(uid);
  } catch (error) {
    throw new Error(
      `Cannot work in ${path} as its owner (user ${uid}): ${
        (error as Error).message
      }; run this as that user`,
    );
  }
  try {
    for (const _ of Deno.readDirSync(path)) break;
  } catch {
    process.seteuid?.(0);
    process.setegid?.(0);
    throw new Error(
      `The owner of ${path} (user ${uid}) can reach it only while the service runs: start that ` +
        "(systemctl start glossond), which then does what you ask for",
    );
  }
}
