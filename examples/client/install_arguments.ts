import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { COMMON, count, parseOptions, UsageError } from "./command_line.ts";
import { parseRun, RUN_OPTIONS } from "./run_arguments.ts";

/** Options of commands that take nothing else. */
export interface FolderOptions {
  /** State folder, when not the default one. */
  state?: string;
}

/** Options of `glosson install`. */
export interface InstallOptions extends FolderOptions {
  /** Those of `run`, but for its folder and log. */
  runArgs: string[];
}

/** Options of `glosson logs`. */
export interface LogsOptions extends FolderOptions {
  /** How many lines. */
  lines: number;
}

const DEFAULT_LINES = 20;
const MAX_LINES = 100_000;

/*
 * Each of these reads what stands behind its command, and returns undefined where help is asked for;
 * each throws a UsageError if that does not say one thing that can be done.
 */

export function parseInstall(args: string[]): InstallOptions | undefined {
  const options = parseRun(args);
  if (options === undefined) return undefined;
  if (options.logFile !== undefined) {
    throw new UsageError(
      "--log-file is for a run that you start: an installed one writes to the state folder, see glosson logs",
    );
  }
  const { tokens } = parseArgs({ args, options: RUN_OPTIONS, tokens: true });
  const runArgs = tokens.flatMap((token) => {
    if (token.kind !== "option" || token.name === "state") return [];
    return [token.value === undefined ? `--${token.name}` : `--${token.name}=${token.value}`];
  });
  return { runArgs, state: options.state };
}

export function parseUninstall(args: string[]): FolderOptions | undefined {
  const { values } = parseOptions(args, COMMON, 0);
  return values.help ? undefined : { state: values.state };
}

export function parseLogs(args: string[]): LogsOptions | undefined {
  const options = {
    ...COMMON,
    lines: { type: "string", short: "n" },
  } satisfies ParseArgsOptionsConfig;
  const { values } = parseOptions(args, options, 0);
  if (values.help) return undefined;
  return {
    lines: count("--lines", values.lines, DEFAULT_LINES, 1, MAX_LINES),
    state: values.state,
  };
}
