import { writeAllSync } from "./write_all.ts";

/** Size at which the file begins anew, bytes; what was before is kept in another one. */
const MAX_BYTES = 1024 * 1024;

/** The file in the state folder that an installed `run` writes to. */
export const LOG_NAME = "glosson.log";

/** Path of the older half of a log. */
export function olderLog(path: string): string {
  return `${path}.1`;
}

/**
 * Appends lines to a file, of which there are two at most.
 *
 * @returns what writes one line; it never throws, since no log is worth a page.
 */
export function openLogFile(path: string): (line: string) => void {
  let size = 0;
  let file: Deno.FsFile | undefined;

  function open(): Deno.FsFile {
    const opened = Deno.openSync(path, { create: true, append: true, mode: 0o600 });
    size = opened.statSync().size;
    return opened;
  }

  return function write(line) {
    try {
      file ??= open();
      const bytes = new TextEncoder().encode(`${line}\n`);
      if (size > 0 && size + bytes.length > MAX_BYTES) {
        file.close();
        file = undefined;
        Deno.renameSync(path, olderLog(path));
        file = open();
      }
      writeAllSync(file, bytes);
      size += bytes.length;
    } catch {
      // The disk may be full, or the folder gone.
    }
  };
}

/** The last lines of a log; undefined where there is none. */
export async function lastLines(path: string, count: number): Promise<string[] | undefined> {
  const read = (name: string): Promise<string> => Deno.readTextFile(name).catch(() => "");
  const text = await read(olderLog(path)) + await read(path);
  if (text === "") return undefined;
  return count === 0 ? [] : text.trimEnd().split("\n").slice(-count);
}
