import { setTimeout } from "node:timers/promises";
import { explain } from "./durable.ts";
import { openPlain, readPlain } from "./plain_file.ts";

/** A lock held; `release` (or the end of the process, even by `kill -9`) frees it. */
export interface Lock {
  release(): void;
}

/** Options for {@linkcode acquireLock}. */
export interface LockOptions {
  /** Who takes it, e.g. `daemon`; shown to those who find it taken. */
  owner: string;
  /** How long to wait for another's release. @default {0} */
  waitMs?: number;
  /** How often to try meanwhile. @default {100} */
  tryEveryMs?: number;
  /** Whether others may hold it too, who say the same. @default {false} */
  shared?: boolean;
  /** Ends the wait. */
  signal?: AbortSignal | undefined;
}

/**
 * Takes the lock file at `path`, which keeps processes (and parts of one process) apart.
 *
 * It is the kernel's file lock, not the file's existence, so a crash leaves nothing behind.
 *
 * @throws {Error} when it cannot be made, or something else than a plain file has its name, with the path and the fix;
 * the signal's reason when it is aborted meanwhile.
 * @returns undefined when another holds it still after `waitMs`.
 */
export async function acquireLock(path: string, options: LockOptions): Promise<Lock | undefined> {
  const { owner, waitMs = 0, tryEveryMs = 100, shared = false, signal } = options;
  const file = openLock(path);
  try {
    const until = performance.now() + waitMs;
    while (!(await file.tryLock(!shared))) {
      if (performance.now() >= until) {
        file.close();
        return undefined;
      }
      await setTimeout(tryEveryMs, undefined, { signal }).catch(() => {});
      signal?.throwIfAborted();
    }
    await note(file, `${owner} (process ${Deno.pid})\n`);
  } catch (error) {
    file.close();
    throw error;
  }
  let held = true;
  return {
    release(): void {
      if (held) file.close();
      held = false;
    },
  };
}

function openLock(path: string): Deno.FsFile {
  try {
    return openPlain(path, { write: true, create: true });
  } catch (error) {
    throw new Error(`Cannot lock ${path}: ${explain(error)}`, { cause: error });
  }
}

/** Says who has the lock; on a full disk nobody does. */
async function note(file: Deno.FsFile, owner: string): Promise<void> {
  try {
    await file.truncate(0);
    await file.write(new TextEncoder().encode(owner));
  } catch {
    // The lock is held all the same.
  }
}

/** Who took the lock last, for people. */
export async function lockOwner(path: string): Promise<string> {
  const text = await readPlain(path).catch(() => undefined);
  return text?.trim() || "another process";
}
