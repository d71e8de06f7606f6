import { Buffer } from "node:buffer";
import type { Log } from "../../lib/log.ts";
import { LogThrottle } from "../../lib/net/log_throttle.ts";
import {
  type ByteRange,
  isNotModified,
  isRefused,
  requestedRange,
  type Validators,
} from "./conditional.ts";
import { contentType, ENCODING_BYTES } from "./content_type.ts";
import { readFilePath, WELL_KNOWN } from "./file_path.ts";
import { PIECE_BYTES } from "./front/pieces.ts";
import type { Site, SiteRequest } from "./front/site.ts";
import { filesAway, noIndex, nothingHere } from "./pages/answers.tsx";
import { ownPage } from "./pages/own_page.ts";
import { findServed, isAbsent, isNotForUs, openRoot } from "./served_file.ts";

/** File that stands for its folder. */
const INDEX = "index.html";

/** What is read without a thread that waits for it, bytes: about a page, see `served_file.ts`. */
const PAGE_BYTES = 64 * 1024;

/** Least time between two log lines of files that cannot be read. */
const WARN_EVERY_MS = 10_000;

/**
 * Serves the files of `folder`, and nothing outside it: no names that begin with a dot but
 * `.well-known` at the top, no way up, and no symbolic link that leads out or to a hidden file. A
 * folder shows its `index.html`, never a listing. Where `folder` is a symbolic link, what it leads to
 * at the time of a request is served, and while nothing has its name what it led to before. What cannot
 * be read for now, as where the disk is away, is answered 503: to a 404 nobody comes back.
 *
 * @param secrets a folder that nothing is served of, wherever it is.
 * @throws {Error} if `folder` is no folder that can be read, or is within the secrets.
 */
export async function staticFiles(folder: string, secrets: string, log?: Log): Promise<Site> {
  const kept = { path: await Deno.realPath(secrets), id: await Deno.stat(secrets) };
  let known = openRoot(folder, kept);
  if (!findServed(known, [INDEX], kept)?.isFile) {
    log?.warn("There is no index.html: the address of the page alone shows nothing", { folder });
  }

  /** What the folder's name leads to; throws where that is not to be served. */
  function rootNow(): string {
    try {
      if (Deno.realPathSync(folder) !== known) known = openRoot(folder, kept);
    } catch (error) {
      // A link that is being replaced, by being removed first.
      if (!isAbsent(folder)) throw error;
    }
    return known;
  }

  function answer(request: SiteRequest): Response {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return plain(405, "Only GET and HEAD here.", { allow: "GET, HEAD" });
    }
    const { pathname, search } = new URL(request.url);
    const asked = readFilePath(pathname);
    if (asked === undefined) return ownPage(request, nothingHere);
    const root = rootNow();
    const { segments } = asked;
    const names = asked.folder ? [...segments, INDEX] : segments;
    const info = findServed(root, names, kept);
    if (info?.isDirectory && !asked.folder) {
      // A relative link in the folder's page needs the slash.
      return plain(308, "", { location: `${lastSegment(pathname)}/${search}` });
    }
    if (info?.isFile) return file(request, info.path, names);
    // Nothing is found in a folder that is away itself.
    openRoot(root, kept);
    const bare = asked.folder && findServed(root, segments, kept)?.isDirectory;
    return ownPage(request, bare ? noIndex : nothingHere);
  }

  const failures = new LogThrottle(
    WARN_EVERY_MS,
    (fields) => log?.warn("Cannot read files to show", fields),
  );
  return (request) => {
    try {
      return answer(request);
    } catch (error) {
      failures.say({ error });
      return ownPage(request, filesAway);
    }
  };
}

function file(
  request: SiteRequest,
  path: string,
  names: readonly string[],
): Response {
  let source: Deno.FsFile;
  try {
    source = Deno.openSync(path);
  } catch (error) {
    if (!isNotForUs(error)) throw error;
    return ownPage(request, nothingHere);
  }
  let kept = false;
  try {
    const info = source.statSync();
    const { size } = info;
    const validators = validatorsOf(info);
    const headers: Record<string, string> = {
      "accept-ranges": "bytes",
      "cache-control": "no-cache",
      etag: validators.etag,
      "x-content-type-options": "nosniff",
    };
    if (!Number.isNaN(validators.modifiedAt)) {
      headers["last-modified"] = new Date(validators.modifiedAt).toUTCString();
    }
    // Made for programs, scripts of other sites' pages among them: WebFinger, Matrix and Nostr need it.
    if (names[0] === WELL_KNOWN) headers["access-control-allow-origin"] = "*";
    if (isRefused(request.headers, validators)) {
      return plain(412, "The file is not as it was asked for.");
    }
    const type = contentType(names, () => beginningOf(source));
    if (isNotModified(request.headers, validators)) {
      // What is said of a file that is sent tells whether it would be compressed.
      const described = { ...headers, "content-type": type, "content-length": `${size}` };
      return new Response(null, { status: 304, headers: described });
    }
    const range = requestedRange(request.headers, size, validators);
    if (range === null) {
      return plain(416, "There are no such bytes.", { "content-range": `bytes */${size}` });
    }
    const { first, last } = range ?? { first: 0, last: size - 1 };
    if (range !== undefined) headers["content-range"] = `bytes ${first}-${last}/${size}`;
    headers["content-type"] = type;
    headers["content-length"] = `${last - first + 1}`;
    const status = range === undefined ? 200 : 206;
    if (request.method === "HEAD") return new Response(null, { status, headers });
    kept = true;
    return new Response(bytes(source, { first, last }), { status, headers });
  } finally {
    if (!kept) source.close();
  }
}

/** Time of the last change that means nothing: reproducible builds and stores give it to all files, ms. */
const NO_TIME_MS = 1000;

/**
 * What tells this state of a file from another: also from one of the same size to which somebody, or
 * some program, gave the same time of change.
 */
function validatorsOf({ size, mtime, ctime }: Deno.FileInfo): Validators {
  const modifiedAt = mtime?.getTime() ?? 0;
  const parts = [size, modifiedAt, ctime?.getTime() ?? 0].map((part) => part.toString(36));
  return { etag: `"${parts.join("-")}"`, modifiedAt: modifiedAt > NO_TIME_MS ? modifiedAt : NaN };
}

/** The first bytes of an open file, one character a byte; what is read next are the same. */
function beginningOf(source: Deno.FsFile): string {
  const bytes = Buffer.alloc(ENCODING_BYTES);
  const read = source.readSync(bytes) ?? 0;
  source.seekSync(0, Deno.SeekMode.Start);
  return bytes.toString("latin1", 0, read);
}

/**
 * Streams a part of an open file and closes it, whichever way the reading ends. A stream of bytes: its
 * reader lends the memory that is read into, and lends it again.
 */
function bytes(source: Deno.FsFile, { first, last }: ByteRange): ReadableStream<Uint8Array> {
  let left = last - first + 1;
  let started = false;
  return new ReadableStream({
    type: "bytes",
    autoAllocateChunkSize: Math.min(Math.max(left, 1), PIECE_BYTES),
    async pull(controller) {
      const { byobRequest } = controller;
      const view = byobRequest!.view as Uint8Array<ArrayBuffer>;
      try {
        if (!started && first > 0) await source.seek(first, Deno.SeekMode.Start);
        started = true;
        const room = view.subarray(0, left);
        const n = left === 0
          ? null
          : left <= PAGE_BYTES
          ? source.readSync(room)
          : await source.read(room);
        if (n === null && left > 0) throw new Error("The file became shorter while it was read");
        if (n !== null) {
          left -= n;
          byobRequest!.respond(n);
        }
        if (left > 0) return;
        source.close();
        controller.close();
        // What is asked for already has its end only by this (WHATWG Streams, "respond").
        controller.byobRequest?.respond(0);
      } catch (error) {
        source.close();
        controller.error(error);
      }
    },
    cancel() {
      source.close();
    },
  });
}

/** The last segment of a path as a relative reference that cannot be taken for a host. */
function lastSegment(pathname: string): string {
  return `./${pathname.slice(pathname.lastIndexOf("/") + 1)}`;
}

function plain(status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(`${text}\n`, {
    status,
    headers: {
      "content-type": "text/plain; charset=utf-8",
      "x-content-type-options": "nosniff",
      ...headers,
    },
  });
}
