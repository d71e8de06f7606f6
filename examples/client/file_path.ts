/** Longest path that is looked at, characters. */
const MAX_PATH_LENGTH = 4096;

/** What a URL path names in a served folder. */
export interface FilePath {
  /** Names from the folder down; none for the folder itself. */
  segments: string[];
  /** Whether the path ended in a slash, and so means a folder. */
  folder: boolean;
}

/**
 * Reads the path of a URL into file names; undefined when it names nothing that may be served.
 *
 * Each segment is decoded once and on its own, so that no encoding makes a separator. Refused are
 * `.` and `..`, names that begin with a dot, empty names, separators of any system, control
 * characters, and what Windows takes for a stream (`:`) or trims (a dot or space at the end).
 */
export function readFilePath(pathname: string): FilePath | undefined {
  if (!pathname.startsWith("/") || pathname.length > MAX_PATH_LENGTH) return undefined;
  const encoded = pathname.slice(1).split("/");
  const folder = encoded.at(-1) === "";
  if (folder) encoded.pop();
  const segments: string[] = [];
  for (const part of encoded) {
    let name: string;
    try {
      name = decodeURIComponent(part);
    } catch {
      return undefined;
    }
    // deno-lint-ignore no-control-regex -- control characters are what has to go
    if (name === "" || name.startsWith(".") || /[/\\:\x00-\x1f\x7f]|[. ]$/.test(name)) {
      return undefined;
    }
    segments.push(name);
  }
  return { segments, folder };
}
