import { SUPERVISOR } from "./bio_supervisor.ts";

/** How much of the script's error output is kept for the log; the rest is read and dropped. */
const MAX_STDERR_BYTES = 4_096;

/** How long the supervisor may take to kill what it started, before it is killed itself. */
const STOP_TIMEOUT_MS = 2_000;

/** How long output may still arrive once the supervisor is gone; all of it is in the pipe by then. */
const DRAIN_TIMEOUT_MS = 500;

/** What became of one run of the script. */
export interface BioProcessEnd {
  /** How it ended: by itself, or stopped for its time or the length of its output. */
  ended: "exited" | "timed-out" | "too-long";
  /** The supervisor's exit code, for `exited`. */
  code: number;
  /** What it printed, at most `maxBytes`. */
  stdout: Uint8Array;
  /** The beginning of its error output, trimmed. */
  stderr: string;
}

/** Options for {@linkcode runBioProcess}; all bounds are the caller's. */
export interface BioProcessOptions {
  interpreter: string;
  script: string;
  /** What it is given, its one argument. */
  argument: string;
  timeoutMs: number;
  maxBytes: number;
}

/**
 * Runs the script once under its supervisor, in a clean environment and without a shell.
 *
 * When this settles, every process it started is gone; reading has stopped at `maxBytes`, also
 * where somebody still holds the pipe.
 *
 * @throws what `Deno.Command` throws when the interpreter cannot be started.
 */
export async function runBioProcess(options: BioProcessOptions): Promise<BioProcessEnd> {
  const child = new Deno.Command(options.interpreter, {
    args: ["-I", "-S", "-c", SUPERVISOR, options.script, options.argument],
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();

  const early = Promise.withResolvers<"timed-out" | "too-long">();
  const timer = setTimeout(() => early.resolve("timed-out"), options.timeoutMs);
  const stdout = collect(child.stdout, options.maxBytes, () => early.resolve("too-long"));
  const stderr = collect(child.stderr, MAX_STDERR_BYTES);
  try {
    const first = await Promise.race([child.status.then(() => "exited" as const), early.promise]);
    const { code } = await stop(child);
    await within(DRAIN_TIMEOUT_MS, Promise.all([stdout.done, stderr.done]));
    return {
      // The last bytes over the limit may arrive after the exit.
      ended: first === "exited" && stdout.overflowed() ? "too-long" : first,
      code,
      stdout: stdout.bytes(),
      stderr: new TextDecoder().decode(stderr.bytes()).trim(),
    };
  } finally {
    clearTimeout(timer);
    await Promise.all([stdout.cancel(), stderr.cancel()]);
  }
}

/** Ends the supervisor's stdin, its sign to kill everything, and waits until it is gone. */
async function stop(child: Deno.ChildProcess): Promise<Deno.CommandStatus> {
  await child.stdin.close().catch(() => {}); // gone already
  if (!await within(STOP_TIMEOUT_MS, child.status)) {
    try {
      child.kill("SIGKILL");
    } catch {
      // It went in this very moment.
    }
  }
  return await child.status;
}

/** Bytes of a stream as far as they are kept. */
interface Collected {
  /** Settles at the end of reading; never rejects. */
  done: Promise<void>;
  bytes(): Uint8Array;
  overflowed(): boolean;
  cancel(): Promise<void>;
}

/** Keeps the first `keep` bytes; reading stops there with `onOverflow`, else the rest is dropped. */
function collect(
  stream: ReadableStream<Uint8Array>,
  keep: number,
  onOverflow?: () => void,
): Collected {
  const reader = stream.getReader();
  const kept = new Uint8Array(keep);
  let length = 0;
  let overflowed = false;

  async function read(): Promise<void> {
    while (true) {
      const { value, done } = await reader.read();
      if (done) return;
      const part = value.subarray(0, keep - length);
      kept.set(part, length);
      length += part.length;
      if (part.length === value.length) continue;
      overflowed = true;
      if (onOverflow) return onOverflow();
    }
  }

  return {
    done: read().catch(() => {}),
    bytes: () => kept.subarray(0, length),
    overflowed: () => overflowed,
    cancel: () => reader.cancel().catch(() => {}),
  };
}

/** Whether `promise` settled within `ms`. */
async function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  const late = Promise.withResolvers<false>();
  const timer = setTimeout(() => late.resolve(false), ms);
  try {
    return await Promise.race([promise.then(() => true), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
