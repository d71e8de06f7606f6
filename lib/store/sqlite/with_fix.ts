import { dirname } from "node:path";

/** What SQLite says of a disk that is full, or fails. */
const OF_DISK = /is full|disk I\/O/;

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
  [OF_DISK, () => "see that its disk is well, has room and can be written"],
];

function restore(path: string): string {
  return `it is damaged, and was left as it is: move it aside with its -wal and -shm, and put a copy in its place (sqlite3 ${path} .recover may save the rest); without any, a new one is made at the next start and users claim their names again`;
}

/** Whether an error of SQLite's is of the disk, and nothing is wrong with the database. */
export function isOfDisk(message: string): boolean {
  return OF_DISK.test(message);
}

/** An error of SQLite's with what to do about it: the words alone help nobody. */
export function withFix(message: string, path: string): string {
  const mend = MENDS.find(([pattern]) => pattern.test(message))?.[1] ?? restore;
  return `${message}; ${mend(path)}`;
}
