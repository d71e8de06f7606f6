/**
 * The commands of the program, one a file. They import all of `lib`, and of the process know only what
 * they are given.
 *
 * @module
 */
import type { ParseArgsOptionsConfig } from "node:util";
import type { LoadOptions } from "../config/load.ts";
import type { Tones } from "../paint.ts";
import type { ServiceManagerOptions } from "./service_manager.ts";

/** Exit codes: all went well, something failed, the command line or the settings are wrong. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

/** Standard input, as a command reads it. */
export interface Input {
  isTerminal: boolean;
  /** The next text that came; undefined at the end. */
  read: () => Promise<string | undefined>;
  /** Whether a terminal hands on each key at once, shows none, and makes no signal of any. */
  setRaw: (raw: boolean) => void;
}

/** What a command is given; it reads nothing else of the process. */
export interface CommandContext {
  /** Words behind the command's name. */
  positionals: string[];
  /** Values of the command's options. */
  options: Record<string, string | boolean | undefined>;
  /** Standard input. */
  input: Input;
  /** Reads the environment, the settings file and the secrets file, anew at each call. */
  readSettings: () => Promise<Pick<LoadOptions, "env" | "file" | "secrets">>;
  /**
   * Writes to standard output; nothing in the text can act on a terminal, which shows it in these tones. False
   * where it could not be written, as to a reader who has gone; the end of the program tells of a full disk.
   */
  print: (text: string, tones?: Tones) => boolean;
  /** Writes to standard error, likewise. */
  printError: (text: string) => void;
  /** Takes a line for standard error without waiting for its reader; false where it is dropped. */
  writeLog: (line: string) => boolean;
  /** Erases the line, or all, of the terminal that standard output is. */
  erase: (what: "line" | "screen") => void;
  /** Who calls: their user ID, and that of whoever came to it by sudo; absent where there is none. */
  caller: { uid?: number; sudoUid?: number };
  /** Asks somebody at the terminal whether to go on; absent where nobody can be asked. */
  confirm?: (question: string) => boolean;
  /** Calls back for each such signal, for the rest of the process's life. */
  onSignal: (signal: Deno.Signal, handler: () => void) => void;
  /** What starts this program once more, without its arguments; throws where it may not start itself. */
  ownProgram: () => [string, ...string[]];
  /** The service manager that wants to hear from the program; absent where none does. */
  serviceManager?: ServiceManagerOptions;
  /** Whether standard error goes to journald. */
  isJournal: boolean;
  /** Whether standard output is a terminal. */
  isTerminal: boolean;
}

/** One of the program's commands. */
export interface Command {
  /** One line for the list of commands. */
  summary: string;
  /** The whole text of `--help`. */
  help: string;
  /** Options besides `--help`. */
  options?: ParseArgsOptionsConfig;
  /** Whether it takes words besides options. */
  takesWords?: boolean;
  /** Runs the command and returns the exit code; rejects with an error for a person. */
  run: (context: CommandContext) => Promise<number>;
}

/** Aborted once the command is told to stop, by SIGINT or SIGTERM. */
export function stopSignal({ onSignal }: Pick<CommandContext, "onSignal">): AbortSignal {
  const stopped = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    onSignal(signal, () => stopped.abort(new Error(`stopped by ${signal}`)));
  }
  return stopped.signal;
}
