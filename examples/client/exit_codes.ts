import { UsageError } from "./command_line.ts";
import { RelayProblem, RelayUnreachable } from "./problem.ts";
import { NothingSetUp } from "./state.ts";

/**
 * Exit codes, the same in every client. Those from 2 on mean that the same again is of no use: a
 * service manager must not start `run` again after them.
 */
export const EXIT = {
  well: 0,
  failed: 1,
  /** The command line is wrong, or nothing is set up. */
  usage: 2,
  /** Another computer took the name over. */
  replaced: 3,
  /** The relay does not, or no longer, accept the account's token. */
  unauthorized: 4,
  /** The relay's operator has blocked the name. */
  blocked: 5,
  /** The relay cannot be reached, or asked this client not to come back. */
  relayGone: 6,
  /** Of `verify` and `watch-ct`: somebody else answers, or could. */
  otherEnd: 7,
  /** A second Ctrl-C: 128 and the signal's number. */
  interrupted: 130,
} as const;

/** One of {@linkcode EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Why `run` ended by itself. */
export interface FinalWord {
  exitCode: ExitCode;
  /** For a person: why, and what to do. */
  message: string;
}

/** The exit code for what a command threw. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof UsageError || error instanceof NothingSetUp) return EXIT.usage;
  if (error instanceof RelayUnreachable) return EXIT.relayGone;
  if (error instanceof RelayProblem) {
    if (error.status === 401) return EXIT.unauthorized;
    if (error.code === "suspended") return EXIT.blocked;
  }
  return EXIT.failed;
}
