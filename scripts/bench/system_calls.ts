import { sleep } from "../../lib/net/pause.ts";

/** What a system call cost while it was watched. */
export interface SystemCall {
  calls: number;
  /** Time in the kernel, by strace's measure, which makes each dearer than it is. */
  seconds: number;
}

/** How long strace may take to attach to all threads, milliseconds. */
const ATTACH_MS = 1_000;

/**
 * The system calls of a process while something is done, the dearest first.
 *
 * @returns undefined where strace is not installed.
 */
export async function systemCalls(
  pid: number,
  act: () => Promise<unknown>,
): Promise<Map<string, SystemCall> | undefined> {
  const args = ["-f", "-c", "-S", "time", "-U", "time,calls,name", "-p", String(pid)];
  let strace: Deno.ChildProcess;
  try {
    strace = new Deno.Command("strace", { args, stdin: "null", stdout: "null", stderr: "piped" })
      .spawn();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  const output = strace.output();
  await sleep(ATTACH_MS);
  try {
    await act();
  } finally {
    strace.kill("SIGINT");
  }
  return readSummary(new TextDecoder().decode((await output).stderr));
}

/** Reads the table of `strace -c -U time,calls,name`. */
export function readSummary(text: string): Map<string, SystemCall> {
  return new Map(
    [...text.matchAll(/^\s*(\d+\.\d+)\s+(\d+)\s+(\w+)$/gm)]
      .filter(([, , , name]) => name !== "total")
      .map((
        [, seconds, calls, name],
      ) => [name!, { calls: Number(calls), seconds: Number(seconds) }]),
  );
}
