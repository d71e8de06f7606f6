import { join } from "node:path";
import { acquireLock, type Lock, lockOwner } from "./lock.ts";

/** In the state folder: shared by the relays that use it, held alone by who fills it. */
export const STATE_LOCK_FILE = "state.lock";

/** How long to wait: a program that is being started by the last holder has its lock for a moment. */
const WAIT_MS = 1_000;

/**
 * Keeps others from filling the state folder while a relay uses it, or two of which one takes the other's
 * place; the caller releases it.
 *
 * @throws {Error} when it is being filled.
 */
export async function lockForUse(stateDir: string): Promise<Lock> {
  return await lock(stateDir, "daemon", true) ?? fail(
    `A back-up is being restored into ${stateDir}: start the relay when that is done`,
  );
}

/**
 * Keeps relays from starting on the state folder while it is filled.
 *
 * @throws {Error} when one runs on it, or it is being filled by another.
 */
export async function lockForRestore(stateDir: string): Promise<Lock & Disposable> {
  const path = join(stateDir, STATE_LOCK_FILE);
  const held = await lock(stateDir, "restore", false) ?? fail(
    `A relay runs on ${stateDir}, or a back-up is being restored into it (${await lockOwner(
      path,
    )}): stop it (systemctl stop glossond) first`,
  );
  return { ...held, [Symbol.dispose]: held.release };
}

/** Whether a relay uses the state folder, or somebody fills it. */
export async function isInUse(stateDir: string): Promise<boolean> {
  // Another command may ask the same.
  const held = await lock(stateDir, "a command", false);
  held?.release();
  return held === undefined;
}

function lock(stateDir: string, owner: string, shared: boolean): Promise<Lock | undefined> {
  const path = join(stateDir, STATE_LOCK_FILE);
  return acquireLock(path, { owner, shared, waitMs: WAIT_MS });
}

function fail(message: string): never {
  throw new Error(message);
}
