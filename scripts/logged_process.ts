import { LineLog } from "./line_log.ts";
import { sendSignal } from "./process.ts";

/** Options for {@linkcode LoggedProcess}. */
export interface LoggedProcessOptions
  extends Pick<Deno.CommandOptions, "clearEnv" | "cwd" | "env" | "signal"> {
  /** Called with every line that it writes. */
  onLine?: (line: string) => void;
}

/** A process that is given nothing to read, and whose lines are kept. */
export class LoggedProcess {
  readonly pid: number;
  /** What it writes to standard output and to standard error. */
  readonly log: LineLog;
  /** Resolves when it has ended; what it started may still write. */
  readonly status: Promise<Deno.CommandStatus>;
  /** Resolves when it has ended and all of its lines are there. */
  readonly ended: Promise<Deno.CommandStatus>;
  readonly #process: Deno.ChildProcess;

  /** @param argv the program and its arguments. */
  constructor(
    [program = "", ...args]: readonly string[],
    { onLine, ...command }: LoggedProcessOptions = {},
  ) {
    const process = this.#process = new Deno.Command(program, {
      ...command,
      args,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.pid = process.pid;
    this.status = process.status;
    this.log = new LineLog([process.stdout, process.stderr], (line) => {
      onLine?.(line);
      return line;
    });
    this.ended = Promise.all([process.status, this.log.ended]).then(([status]) => status);
  }

  /** Every line so far. */
  get lines(): readonly string[] {
    return this.log.lines;
  }

  /** Sends a signal, unless it has ended already. */
  signal(signal: Deno.Signal): void {
    sendSignal(this.#process, signal);
  }

  /** Ends it by a signal, SIGTERM unless told another, and waits until it has ended. */
  stop(signal: Deno.Signal = "SIGTERM"): Promise<Deno.CommandStatus> {
    this.signal(signal);
    return this.ended;
  }

  /** Resolves with the first line, past or to come, that matches; as {@linkcode LineLog.first}. */
  async said(pattern: RegExp, withinMs?: number): Promise<string> {
    return await this.log.first(
      (line) => pattern.test(line) && line,
      `a line ${pattern}`,
      withinMs,
    );
  }
}
