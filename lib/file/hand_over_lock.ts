import { join } from "node:path";
import { acquireLock, type Lock, lockOwner } from "./lock.ts";
import { lstat } from "./plain_file.ts";
import { fileOfProcess } from "./process_file.ts";

/** In the state folder: held by who takes the place of one of a relay's processes, until it has it. */
const HAND_OVER_LOCK_FILE = "hand-over.lock";

/** How long to wait for others who take the place before, milliseconds. */
const WAIT_MS = 30_000;

/**
 * Has those who take a process's place do so one after another; the caller releases it when it has the place.
 *
 * @param process which of the relay's processes.
 * @param signal ends the wait, and rejects with its reason.
 * @returns undefined where there is no state folder, and so no relay.
 * @throws {Error} when another does not come to an end.
 */
export async function lockForHandOver(
  stateDir: string,
  process: number,
  signal?: AbortSignal,
): Promise<Lock | undefined> {
  if (lstat(stateDir) === undefined) return undefined;
  const path = join(stateDir, fileOfProcess(HAND_OVER_LOCK_FILE, process));
  const lock = await acquireLock(path, { owner: "successor", waitMs: WAIT_MS, signal });
  if (lock !== undefined) return lock;
  throw new Error(
    `Another process is taking the relay's place (${await lockOwner(
      path,
    )}), and does not get ready: end it first`,
  );
}
