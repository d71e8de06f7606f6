import { join } from "node:path";
import { acquireLock } from "../file/lock.ts";
import { openIfThere, openPlain, readPlain } from "../file/plain_file.ts";
import { ensureFolder } from "../file/state_folder.ts";

/** A TXT value that this relay has put, or is about to put, at a name. */
export interface ChallengeValue {
  /** The record's name, no trailing dot. */
  name: string;
  /** The value, unquoted. */
  value: string;
}

/** Remembers challenge values over a crash, so that none stays in the DNS for good. */
export interface ChallengeJournal {
  /** On the disk when it resolves; comes before the value goes into the DNS. */
  added(values: readonly ChallengeValue[]): Promise<void>;
  /** Comes after the value is gone from the DNS. */
  removed(values: readonly ChallengeValue[]): Promise<void>;
  /**
   * Hands `clean` what processes that are gone left in the DNS; each journal is dropped when `clean`
   * resolves, and kept for the next time when it rejects.
   */
  recover(clean: (values: ChallengeValue[]) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

/** How long others may take to look through the folder. */
const LOCK_WAIT_MS = 120_000;

/**
 * Opens a journal of this process in a folder shared with others.
 *
 * Each process appends to a file of its own and holds a lock on it; a journal whose lock is free
 * is a dead process's. Lines are `+ name value` and `- name value`; a half-written last line stands
 * for a value that never reached the DNS.
 */
export async function openChallengeJournal(folder: string): Promise<ChallengeJournal> {
  ensureFolder(folder);
  const path = join(folder, `${crypto.randomUUID()}.log`);
  const folderLock = join(folder, "lock");

  // Under the folder's lock: between creation and lock the file would look like a dead one's.
  const file = await underLock(async () => {
    const made = openPlain(path, { append: true, create: true });
    if (await made.tryLock(true)) return made;
    made.close();
    throw new Error(`Cannot lock ${path}`);
  });

  async function underLock<T>(action: () => Promise<T>): Promise<T> {
    const lock = await acquireLock(folderLock, { owner: "journal", waitMs: LOCK_WAIT_MS });
    if (lock === undefined) throw new Error(`Cannot lock ${folderLock}: another process holds it`);
    try {
      return await action();
    } finally {
      lock.release();
    }
  }

  async function append(sign: "+" | "-", values: readonly ChallengeValue[]): Promise<void> {
    const text = values.map(({ name, value }) => `${sign} ${name} ${value}\n`).join("");
    const bytes = new TextEncoder().encode(text);
    try {
      for (let sent = 0; sent < bytes.length;) sent += await file.write(bytes.subarray(sent));
      await file.sync();
    } catch (cause) {
      throw new Error(
        `Cannot write ${path}: ${
          cause instanceof Error ? cause.message : cause
        }; is the disk full?`,
        { cause },
      );
    }
  }

  async function recover(clean: (values: ChallengeValue[]) => Promise<void>): Promise<void> {
    using dead = new DisposableStack();
    const paths: string[] = [];
    // The folder's lock no longer than it takes to look: who starts waits for it.
    await underLock(async () => {
      for await (const { name } of Deno.readDir(folder)) {
        const other = join(folder, name);
        if (!name.endsWith(".log") || other === path) continue;
        const file = openIfThere(other, { write: true });
        if (file === undefined) continue;
        dead.use(file);
        if (await file.tryLock(true)) paths.push(other);
      }
    });
    const failures: unknown[] = [];
    for (const each of paths) {
      await recoverOne(each, clean).catch((error) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  return {
    added: (values) => append("+", values),
    removed: (values) => append("-", values),
    recover,
    async close(): Promise<void> {
      const left = leftOver(await readPlain(path).catch(() => undefined) ?? "");
      if (left.length === 0) await Deno.remove(path).catch(() => {});
      file.close();
    },
  };
}

/** Hands on what a dead process left, and forgets it; the caller has its journal's lock. */
async function recoverOne(
  path: string,
  clean: (values: ChallengeValue[]) => Promise<void>,
): Promise<void> {
  const left = leftOver(await readPlain(path) ?? "");
  if (left.length > 0) await clean(left);
  // Another process may have been faster by the moment in which the journal was opened.
  await Deno.remove(path).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}

function leftOver(text: string): ChallengeValue[] {
  const left = new Map<string, ChallengeValue>();
  // What follows the last line end was cut off by a crash.
  for (const line of text.split("\n").slice(0, -1)) {
    const [sign, name, value] = line.split(" ");
    if (name === undefined || value === undefined) continue;
    const key = `${name} ${value}`;
    if (sign === "+") left.set(key, { name, value });
    if (sign === "-") left.delete(key);
  }
  return [...left.values()];
}
