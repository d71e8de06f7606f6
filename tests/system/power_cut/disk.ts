import type { FileEvent } from "./trace.ts";

/** What a disk loses or keeps of a write at once. */
const SECTOR_BYTES = 512;

type Change = Extract<FileEvent, { what: "write" | "truncate" }>;

/** More than any file here has. */
const MAX_BYTES = 64 * 1024 * 1024;

/** A file: what is on the disk of it, and what is on its way there. */
class StoredFile {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #changes: Change[] = [];
  /** By thread, the changes that will be there when it has waited. */
  readonly #awaited = new Map<string, readonly Change[]>();

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = growing(bytes);
  }

  follow(event: Exclude<FileEvent, { what: "said" }>): void {
    switch (event.what) {
      case "sync-begun":
        this.#awaited.set(event.by, [...this.#changes]);
        break;
      case "sync-ended": {
        const done = new Set(this.#awaited.get(event.by));
        for (const change of this.#changes) if (done.has(change)) make(change, this.#bytes);
        this.#changes = this.#changes.filter((change) => !done.has(change));
        break;
      }
      default:
        this.#changes.push(event);
    }
  }

  /** What is left of it when the power goes, where `arrives` tells of each sector that was on its way. */
  afterCut(arrives: () => boolean): Uint8Array {
    const bytes = growing(this.#bytes);
    for (const change of this.#changes) {
      if (change.what === "truncate") {
        if (arrives()) make(change, bytes);
        continue;
      }
      for (let from = 0; from < change.bytes.length; from += SECTOR_BYTES) {
        if (!arrives()) continue;
        const part = change.bytes.subarray(from, from + SECTOR_BYTES);
        make({ ...change, at: change.at + from, bytes: part }, bytes);
      }
    }
    return bytes;
  }
}

/** Files on a disk that does no more than it has to: what nobody has waited for may be lost. */
export class LazyDisk {
  readonly #files: Map<string, StoredFile>;

  /** @param files what is on it by now; a file that is not is empty. */
  constructor(files: Record<string, Uint8Array<ArrayBuffer>>) {
    this.#files = new Map(
      Object.entries(files).map(([path, bytes]) => [path, new StoredFile(bytes)]),
    );
  }

  /** Takes what a program did to one of its files; what it did to others is passed over. */
  follow(event: FileEvent): void {
    if (event.what !== "said") this.#files.get(event.path)?.follow(event);
  }

  /** Its files when the power goes, see {@linkcode StoredFile.afterCut}. */
  afterCut(arrives: () => boolean): [path: string, bytes: Uint8Array][] {
    return Array.from(this.#files, ([path, file]) => [path, file.afterCut(arrives)]);
  }
}

/** A copy that {@linkcode make} can change the length of. */
function growing(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(new ArrayBuffer(bytes.length, { maxByteLength: MAX_BYTES }));
  copy.set(bytes);
  return copy;
}

/** Makes a change to a file. */
function make(change: Change, file: Uint8Array<ArrayBuffer>): void {
  if (change.what === "truncate") return file.buffer.resize(change.length);
  const end = change.at + change.bytes.length;
  if (end > file.length) file.buffer.resize(end);
  file.set(change.bytes, change.at);
}
