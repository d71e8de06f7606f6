import { writeAllSync } from "../../lib/text_output.ts";

/** Size at which the file begins anew, bytes; what was before is kept in another one. */
const MAX_BYTES = 1024 * 1024;

/** The file in the state folder that an installed `run` writes to. */
export const LOG_NAME = "glosson.log";

/** Path of the older half of a log. */
export function olderLog(path: string): string {
  return `${path}.1`;
}

/**
 * Opens a file to append lines to, of which there are two at most.
 *
 * @returns what writes one line; it never throws, since no log is worth a page.
 * @throws {Error} with a message for the person, if it cannot be opened.
 */
export function openLogFile(path: string): (line: string) => void {
  let file: Deno.FsFile | undefined;
  try {
    file = open(path);
  } catch (error) {
    throw new Error(
      `Cannot write the log file ${path}: ${
        (error as Error).message
      }; name another one with --log-file`,
    );
  }
  let size = file.statSync().size;

  return function write(line) {
    try {
      const bytes = new TextEncoder().encode(`${line}\n`);
      if (file !== undefined && isGone(path, file)) {
        file.close();
        file = undefined;
        size = 0;
      }
      if (size > 0 && size + bytes.length > MAX_BYTES) {
        file?.close();
        file = undefined;
        beginAnew(path);
        size = 0;
      }
      file ??= open(path);
      writeAllSync(file, bytes);
      size += bytes.length;
    } catch {
      // The disk may be full, or the folder gone.
    }
  };
}

/** Whether another program has put the file aside, as logrotate(8) does, or removed it. */
function isGone(path: string, file: Deno.FsFile): boolean {
  const { dev, ino } = file.statSync();
  try {
    const found = Deno.statSync(path);
    return found.dev !== dev || found.ino !== ino;
  } catch (error) {
    return error instanceof Deno.errors.NotFound;
  }
}

function open(path: string): Deno.FsFile {
  return Deno.openSync(path, { create: true, append: true, mode: 0o600 });
}

/** Puts what there is aside; where the folder lets no other file be made, the next lines follow it. */
function beginAnew(path: string): void {
  try {
    Deno.renameSync(path, olderLog(path));
  } catch {
    // A long log is better than none.
  }
}

/** The last lines of a log; undefined where there is none. */
export async function lastLines(path: string, count: number): Promise<string[] | undefined> {
  const read = (name: string): Promise<string> => Deno.readTextFile(name).catch(() => "");
  const text = await read(olderLog(path)) + await read(path);
  if (text === "") return undefined;
  return text.trimEnd().split("\n").slice(-count);
}
