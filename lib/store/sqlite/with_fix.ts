import { dirname } from "node:path";

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
  [/is full|disk I\/O/, () => "see that its disk is well, has room and can be written"],
];

function restore(path: string): string {
  return `it is damaged, and was left as it is: move it aside with its -wal and -shm, and put a copy in its place (sqlite3 ${path} .recover may save the rest); without any, a new one is made at the next start and users claim their names again`;
}

/** An error of SQLite's with what to do about it: the words alone help nobody. */
export function withFix(message: string, path: string): string {
  const mend = MENDS.find(([pattern]) => pattern.test(message))?.[1] ?? restore;
  return `${message}; ${mend(path)}`;
}
