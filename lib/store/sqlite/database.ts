import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { MIGRATIONS } from "./schema.ts";
import { isSqliteError, transaction } from "./transaction.ts";
import { withFix } from "./with_fix.ts";
import { checkPlain, createPlain, lstat } from "../../file/plain_file.ts";

/** Bytes below which a file cannot be a database: SQLite would take it for a new one. */
const MIN_BYTES = 512;

/** The files that SQLite keeps beside a database, by what is behind its name. */
const BESIDE = ["-wal", "-shm", "-journal"];

/** How long opening waits for another process's lock: nothing else waits with it yet. */
const OPEN_TIMEOUT_MS = 1_000;

/**
 * Opens (and makes or migrates) the relay's database; the caller closes it.
 *
 * A new one has mode 0600, and so has what SQLite keeps beside it. What is there is never emptied and
 * never replaced; of one with an older schema a copy stays beside it, `PATH.schema-N`.
 *
 * @param path file name, or `:memory:`.
 * @throws {Error} when the file belongs to a newer glossond, is damaged, or cannot be opened; the
 * message names it and the fix.
 */
export function openDatabase(path: string): DatabaseSync {
  if (path === ":memory:") return open(path);
  try {
    if (lstat(path) === undefined) make(path);
    for (const end of ["", ...BESIDE]) checkPlain(path + end);
    if ((lstat(path)?.size ?? 0) < MIN_BYTES) throw new CutOffError("file is cut off");
    return open(path);
  } catch (error) {
    const { message } = error as Error;
    // Others name the path and the fix themselves.
    const known = error instanceof CutOffError || isSqliteError(error) ||
      error instanceof Deno.errors.PermissionDenied;
    if (!known) throw error;
    throw new Error(`Cannot open the database ${path}: ${withFix(message, path)}`, {
      cause: error,
    });
  }
}

class CutOffError extends Error {}

/** Makes a database aside and renames it, so that one that is short is never a new one's beginning. */
function make(path: string): void {
  const wal = lstat(`${path}-wal`);
  if (wal !== undefined && wal.size > 0) {
    throw new Error(
      `There is no database ${path}, but its ${path}-wal, which has changes that are not in a copy of the other alone: put both in their places, or move the -wal aside to begin without`,
    );
  }
  const aside = `${path}.new`;
  for (const end of ["", ...BESIDE]) {
    if (lstat(aside + end) !== undefined) Deno.removeSync(aside + end);
  }
  createPlain(aside);
  open(aside).close();
  Deno.renameSync(aside, path);
  // A rename lasts only once its folder is on the disk too.
  const folder = Deno.openSync(dirname(path));
  try {
    folder.syncSync();
  } finally {
    folder.close();
  }
}

function open(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: OPEN_TIMEOUT_MS });
  try {
    // WAL + FULL: what was answered to a client survives a loss of power; see `Engine` for how it goes on.
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;");
    migrate(db, path);
    // From here on a wait would hold up everything that the process does, see `Engine.write`.
    db.exec("PRAGMA busy_timeout = 0;");
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function migrate(db: DatabaseSync, path: string): void {
  const before = schemaOf(db);
  // No lock is taken for nothing: a relay starts also while another program holds it.
  if (before === MIGRATIONS.length) return;
  if (before > 0 && before < MIGRATIONS.length) keepCopy(db, before, `${path}.schema-${before}`);
  transaction(db, () => {
    // Another process may have migrated it meanwhile.
    const schema = schemaOf(db);
    if (schema > MIGRATIONS.length) {
      throw new Error(
        `Cannot open ${path}: it has schema ${schema}, this glossond knows ${MIGRATIONS.length}; run the newer glossond`,
      );
    }
    for (const step of MIGRATIONS.slice(schema)) db.exec(step);
    db.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
  });
}

/** The number of steps that were taken. */
function schemaOf(db: DatabaseSync): number {
  return (db.prepare("PRAGMA user_version").get() as { user_version: number }).user_version;
}

/** Keeps a database as it is, for a return to the glossond of before, which knows no newer schema. */
function keepCopy(db: DatabaseSync, schema: number, copy: string): void {
  // Whole, or not there at all: another process may be migrating at this moment, and a copy of what it
  // has made would take the way back.
  if (lstat(copy) !== undefined) return;
  const part = `${copy}.${crypto.randomUUID()}`;
  createPlain(part);
  try {
    db.prepare("VACUUM INTO ?").run(part);
    if (schemaOf(db) === schema) Deno.renameSync(part, copy);
  } finally {
    if (lstat(part) !== undefined) Deno.removeSync(part);
  }
}
