/** Longest path that is looked at, characters. */
const MAX_PATH_LENGTH = 4096;

/** Where a site keeps what programs look for at fixed names (RFC 8615). */
export const WELL_KNOWN = ".well-known";

/** What Windows takes for something else than a name: streams, patterns, what it trims. */
// deno-lint-ignore no-control-regex -- control characters are part of it
const NO_WINDOWS_NAME = /[\x00-\x1f<>:"\\|?*]|[. ]$/;

/** Devices of Windows, which are there in every folder, whatever ending they are given. */
const WINDOWS_DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?:[ .]|$)/i;

/** What a URL path names in a served folder. */
export interface FilePath {
  /** Names from the folder down; none for the folder itself. */
  segments: string[];
  /** Whether the path ended in a slash, and so means a folder. */
  folder: boolean;
}

/** Options for {@linkcode readFilePath}. */
export interface FilePathOptions {
  /** Whether names have to be ones that Windows takes. @default {true on Windows} */
  windows?: boolean;
}

/**
 * Reads the path of a URL into file names; undefined when it names nothing that may be served.
 *
 * Each segment is decoded once and on its own, so that no encoding makes a separator; slashes in a
 * row are one, as file systems and other servers of files have it. Refused are hidden names, `.` and
 * `..` among them (see {@linkcode isHidden}), and what cannot be a name on this system: any other is
 * one, however odd.
 */
export function readFilePath(
  pathname: string,
  { windows = Deno.build.os === "windows" }: FilePathOptions = {},
): FilePath | undefined {
  if (!pathname.startsWith("/") || pathname.length > MAX_PATH_LENGTH) return undefined;
  const encoded = pathname.slice(1).split("/");
  const folder = encoded.at(-1) === "";
  if (folder) encoded.pop();
  const segments: string[] = [];
  for (const part of encoded) {
    if (part === "") continue;
    let name: string;
    try {
      name = decodeURIComponent(part);
    } catch {
      return undefined;
    }
    if (name.includes("/") || name.includes("\0")) return undefined;
    if (windows && (NO_WINDOWS_NAME.test(name) || WINDOWS_DEVICE.test(name))) return undefined;
    segments.push(name);
  }
  return isHidden(segments) ? undefined : { segments, folder };
}

/** Whether a path leads to what is not for visitors: names that begin with a dot, but one. */
export function isHidden(segments: readonly string[]): boolean {
  return segments.some((name, i) => name.startsWith(".") && !(i === 0 && name === WELL_KNOWN));
}
