import type { DatabaseSync } from "node:sqlite";

/** Runs `work` as one: all of its changes are kept, or none when it throws. */
export function transaction<T>(db: DatabaseSync, work: () => T): T {
  // Not `exec`, whose errors do not tell what kind they are of.
  db.prepare("BEGIN IMMEDIATE").run();
  try {
    const result = work();
    db.exec("COMMIT");
    return result;
  } catch (error) {
    // A full disk has ended the transaction already; a second error would hide the first.
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

/** Whether an error is SQLite's own, which have all the same code. */
export function isSqliteError(error: unknown): boolean {
  return (error as { code?: unknown }).code === "ERR_SQLITE_ERROR";
}

/** Whether SQLite says that another connection holds a lock: SQLITE_BUSY, in any of its kinds. */
export function isLocked(error: unknown): boolean {
  const errcode = (error as { errcode?: number } | undefined)?.errcode;
  return errcode !== undefined && (errcode & 0xff) === 5;
}
