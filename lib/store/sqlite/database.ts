import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { isSqliteError, transaction } from "./transaction.ts";
import { checkPlain, createPlain, lstat } from "../../file/plain_file.ts";

/** Bytes below which a file cannot be a database: SQLite would take it for a new one. */
const MIN_BYTES = 512;

/** The files that SQLite keeps beside a database, by what is behind its name. */
const BESIDE = ["-wal", "-shm", "-journal"];

/** How long opening waits for another process's lock: nothing else waits with it yet. */
const OPEN_TIMEOUT_MS = 1_000;

/**
 * The schema, one step a version; `PRAGMA user_version` counts the steps that were taken.
 *
 * A released step never changes: add another one. Times are milliseconds since the epoch.
 */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE account (
     username       TEXT PRIMARY KEY,
     token_hash     BLOB NOT NULL UNIQUE,
     created_at     INTEGER NOT NULL,
     verified_at    INTEGER NOT NULL,
     last_online_at INTEGER
   ) STRICT;
   -- Not a column of account: a name can be blocked before it has one, and stays so after.
   CREATE TABLE blocked_name (
     username   TEXT PRIMARY KEY,
     blocked_at INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE claim (
     id_hash       BLOB PRIMARY KEY,
     username      TEXT NOT NULL,
     code          TEXT NOT NULL,
     created_at    INTEGER NOT NULL,
     expires_at    INTEGER NOT NULL,
     verifications INTEGER NOT NULL DEFAULT 0
   ) STRICT;
   CREATE INDEX claim_expires_at ON claim (expires_at);
   CREATE TABLE certificate_order (
     id          TEXT PRIMARY KEY,
     username    TEXT NOT NULL,
     csr         TEXT NOT NULL,
     status      TEXT NOT NULL CHECK (status IN ('pending', 'ready', 'failed')),
     certificate TEXT,
     problem     TEXT,
     not_after   INTEGER,
     renew_after INTEGER,
     created_at  INTEGER NOT NULL,
     ended_at    INTEGER
   ) STRICT;
   CREATE INDEX certificate_order_username ON certificate_order (username, created_at);`,
  // What the relay shows of a user who is away, see ../accounts.ts.
  `ALTER TABLE account ADD COLUMN offline_page TEXT NOT NULL DEFAULT 'full'
     CHECK (offline_page IN ('full', 'plain', 'none'));
   ALTER TABLE account ADD COLUMN last_seen INTEGER NOT NULL DEFAULT 1;
   ALTER TABLE account ADD COLUMN away TEXT;`,
  // Whether visitors wait for the user: 0 while they are online, when they left, or NULL.
  `ALTER TABLE account ADD COLUMN left_at INTEGER;`,
  // Claims carry what they are about, see account/claim_seal.ts; what was open is to be made anew.
  `DROP TABLE claim;
   CREATE TABLE relay_key (
     name TEXT PRIMARY KEY,
     key  BLOB NOT NULL
   ) STRICT;
   CREATE TABLE claim_check (
     claim_hash    BLOB PRIMARY KEY,
     expires_at    INTEGER NOT NULL,
     verifications INTEGER NOT NULL,
     used          INTEGER NOT NULL
   ) STRICT;
   CREATE INDEX claim_check_expires_at ON claim_check (expires_at);`,
  // The sets in the DNS that are this relay's, see ../names.ts.
  `CREATE TABLE name_record (
     name     TEXT NOT NULL,
     type     TEXT NOT NULL,
     contents TEXT NOT NULL,
     PRIMARY KEY (name, type, contents)
   ) STRICT;`,
  // Who did what, see ../acts.ts; and why a name is blocked, in the operator's words.
  `CREATE TABLE act (
     id       INTEGER PRIMARY KEY,
     at       INTEGER NOT NULL,
     act      TEXT NOT NULL,
     username TEXT,
     detail   TEXT,
     by       TEXT NOT NULL CHECK (by IN ('operator', 'user', 'signal')),
     uid      INTEGER,
     sudo_uid INTEGER,
     reason   TEXT
   ) STRICT;
   CREATE INDEX act_username ON act (username);
   CREATE INDEX act_of_user ON act (by = 'user', id);
   ALTER TABLE blocked_name ADD COLUMN reason TEXT;`,
  // Released names that rest, see ../rests.ts; a hash of the profile's id where that is told.
  `ALTER TABLE account ADD COLUMN profile_hash BLOB;
   CREATE TABLE resting_name (
     username     TEXT PRIMARY KEY,
     released_at  INTEGER NOT NULL,
     rests_until  INTEGER NOT NULL,
     profile_hash BLOB
   ) STRICT;`,
  // Of single users, see ../figures.ts and ../limits.ts; they end with the account.
  `CREATE TABLE user_figure (
     username          TEXT PRIMARY KEY REFERENCES account ON DELETE CASCADE,
     visitors          INTEGER NOT NULL,
     dialled           INTEGER NOT NULL,
     bytes_to_client   INTEGER NOT NULL,
     bytes_to_visitors INTEGER NOT NULL,
     last_visit_at     INTEGER,
     day               INTEGER NOT NULL,
     day_bytes         INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE user_limit (
     username      TEXT PRIMARY KEY REFERENCES account ON DELETE CASCADE,
     connections   INTEGER,
     bytes_per_day INTEGER
   ) STRICT;`,
  // What was seen of users' profiles since, see ../profiles.ts; nothing where they could not be read.
  `CREATE TABLE profile_check (
     username   TEXT PRIMARY KEY REFERENCES account ON DELETE CASCADE,
     state      TEXT CHECK (state IN ('there', 'gone', 'another')),
     since      INTEGER,
     checked_at INTEGER,
     due_at     INTEGER NOT NULL
   ) STRICT;`,
];

/**
 * Opens (and makes or migrates) the relay's database; the caller closes it.
 *
 * A new one has mode 0600, and so has what SQLite keeps beside it. What is there is never emptied and
 * never replaced.
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
    const mend = MENDS.find(([pattern]) => pattern.test(message))?.[1] ?? restore;
    throw new Error(`Cannot open the database ${path}: ${message}; ${mend(path)}`, {
      cause: error,
    });
  }
}

class CutOffError extends Error {}

/** What to do about an error of SQLite, which has no more than a text. */
const MENDS: readonly [text: RegExp, mend: (path: string) => string][] = [
  [/not a database|malformed|cut off/, restore],
  [
    /locked|busy/,
    (path) => `another program holds it: end that one (fuser ${path} tells which), and try again`,
  ],
  [
    /readonly|unable to open|permission denied/i,
    (path) =>
      `let the user that glossond runs as own it, its -wal and -shm and the folder ${
        dirname(path)
      }, on a file system that can be written`,
  ],
  [/is full|disk I\/O/, () => "see that the disk is well and has room"],
];

function restore(path: string): string {
  return `it is damaged, and was left as it is: move it aside with its -wal and -shm, and put a copy in its place (sqlite3 ${path} .recover may save the rest); without any, a new one is made at the next start and users claim their names again`;
}

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
    // WAL + FULL: what was answered to a client survives a loss of power.
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
  transaction(db, () => {
    const row = db.prepare("PRAGMA user_version").get() as { user_version: number };
    if (row.user_version > MIGRATIONS.length) {
      throw new Error(
        `Cannot open ${path}: it has schema ${row.user_version}, this glossond knows ${MIGRATIONS.length}; run the newer glossond`,
      );
    }
    for (const step of MIGRATIONS.slice(row.user_version)) db.exec(step);
    db.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
  });
}
