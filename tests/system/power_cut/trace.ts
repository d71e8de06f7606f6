import assert from "node:assert/strict";

/** What a program did to a file, in the order in which it did it. */
export type FileEvent =
  | { what: "write"; path: string; at: number; bytes: Uint8Array<ArrayBuffer> }
  | { what: "truncate"; path: string; length: number }
  /** `by` is the thread, which begins no other before this one has ended. */
  | { what: "sync-begun" | "sync-ended"; path: string; by: string }
  /** It wrote to standard output. */
  | { what: "said"; text: string };

/** The options of strace that {@linkcode readTrace} needs. */
export const STRACE_OPTIONS = [
  ...["--follow-forks", "--decode-fds=path", "--strings-in-hex=all", "--string-limit=70000"],
  "--trace=pwrite64,write,ftruncate,fsync,fdatasync",
];

/** A call with its thread, descriptor and the descriptor's path in hexadecimal. */
const CALL = /^(\d+) +(\w+)\((\d+)<([^>]*)>(.*)$/;

/** The end of a call that others came in between of. */
const RESUMED = /^(\d+) +<\.\.\. (?:fsync|fdatasync) resumed>/;

/** Reads what strace wrote. */
export function* readTrace(trace: string): Generator<FileEvent> {
  /** Files that threads wait for. */
  const awaited = new Map<string, string>();
  for (const line of trace.split("\n")) {
    const [, waiting] = RESUMED.exec(line) ?? [];
    if (waiting !== undefined) {
      yield { what: "sync-ended", path: awaited.get(waiting)!, by: waiting };
      continue;
    }
    const [, by, call, descriptor, hex, rest] = CALL.exec(line) ?? [];
    if (by === undefined) continue;
    const path = new TextDecoder().decode(bytesOf(hex!));
    switch (call) {
      case "write":
        if (descriptor === "1") {
          yield { what: "said", text: new TextDecoder().decode(quotedIn(rest!)) };
        }
        break;
      case "pwrite64": {
        const [, length, at] = /, (\d+), (\d+)/.exec(rest!)!;
        const bytes = quotedIn(rest!);
        assert.equal(bytes.length, Number(length));
        yield { what: "write", path, at: Number(at), bytes };
        break;
      }
      case "ftruncate":
        yield { what: "truncate", path, length: Number(/, (\d+)/.exec(rest!)![1]) };
        break;
      default:
        yield { what: "sync-begun", path, by };
        if (rest!.includes("<unfinished")) awaited.set(by, path);
        else yield { what: "sync-ended", path, by };
    }
  }
}

function quotedIn(text: string): Uint8Array<ArrayBuffer> {
  return bytesOf(/"([^"]*)"/.exec(text)![1]!);
}

/** The bytes of `\x61\x62…`. */
function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(hex.replaceAll("\\x", ""));
}
