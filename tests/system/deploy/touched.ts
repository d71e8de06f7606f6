/** What a program and its threads touched; programs that it started count for themselves. */
export interface Touched {
  /** Files and folders that were opened, made, renamed or removed. */
  files: string[];
  /** Programs that were started, by their first path that exists. */
  programs: string[];
}

/** The strace options that {@linkcode readTouched} reads. */
export const STRACE = [
  ...["-f", "-qq", "-s", "4096"],
  ...["-e", "trace=openat,open,creat,execve,unlink,unlinkat,rename,renameat,renameat2,mkdir,rmdir"],
];

const CALL = /^(\d+) +(\w+)\((.*)\) += (-?\d+|\?)/;

/** Reads a trace of `strace -f -o`: the first process is the program. */
export function readTouched(trace: string): Touched {
  const files = new Set<string>();
  const programs = new Set<string>();
  /** Processes that have become another program. */
  const others = new Set<string>();
  let first = true;
  for (const line of trace.split("\n")) {
    const call = CALL.exec(line.replace(/ <unfinished \.\.\.>$/, ") = 0"));
    if (call === null) continue;
    const [, pid = "", name = "", args = "", result = ""] = call;
    const paths = [...args.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((match) => match[1]!);
    if (name === "execve") {
      if (!first) {
        others.add(pid);
        if (result === "0") programs.add(paths[0]!);
      }
      first = false;
    } else if (!others.has(pid)) {
      for (const path of name.startsWith("rename") ? paths : paths.slice(0, 1)) files.add(path);
    }
  }
  return { files: [...files], programs: [...programs] };
}
