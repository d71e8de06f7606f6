import {
  type AwayOptions,
  parseAway,
  parsePrivacy,
  parseRelease,
  parseRename,
  type PrivacyOptions,
  type ReleaseOptions,
  type RenameOptions,
} from "./account_arguments.ts";
import { type CaaOptions, parseCaa } from "./caa/arguments.ts";
import { COMMON, parseOptions, UsageError } from "./command_line.ts";
import { type DomainOptions, parseDomain } from "./domain/arguments.ts";
import {
  type FolderOptions,
  type InstallOptions,
  type LogsOptions,
  parseInstall,
  parseLogs,
  parseUninstall,
} from "./install_arguments.ts";
import { parseRun, type RunOptions } from "./run_arguments.ts";
import { parseSetup, type SetupOptions } from "./setup_arguments.ts";
import { parseWatchCt, type WatchCtOptions } from "./watch_ct_arguments.ts";
import { parseVerify, type VerifyOptions } from "./verify_arguments.ts";

/** Options of `glosson status`. */
export interface StatusOptions {
  json: boolean;
  /** Also shows a QR code that has another computer verify the page. */
  qr: boolean;
  /** State folder, when not the default one. */
  state?: string;
}

/** What each command can be told. */
interface OptionsOf {
  setup: SetupOptions;
  run: RunOptions;
  status: StatusOptions;
  verify: VerifyOptions;
  "watch-ct": WatchCtOptions;
  away: AwayOptions;
  privacy: PrivacyOptions;
  domain: DomainOptions;
  caa: CaaOptions;
  install: InstallOptions;
  uninstall: FolderOptions;
  logs: LogsOptions;
  rename: RenameOptions;
  release: ReleaseOptions;
}

/** Name of a command. */
export type CommandName = keyof OptionsOf;

/** What a command line asks for. */
export type Command =
  | { name: "help"; topic?: CommandName }
  | { name: "version" }
  | { [Name in CommandName]: { name: Name; options: OptionsOf[Name] } }[CommandName];

/** What reads the words behind a command; it returns undefined where help is asked for. */
const PARSERS: { [Name in CommandName]: (args: string[]) => OptionsOf[Name] | undefined } = {
  setup: parseSetup,
  run: parseRun,
  status: parseStatus,
  verify: parseVerify,
  "watch-ct": parseWatchCt,
  away: parseAway,
  privacy: parsePrivacy,
  domain: parseDomain,
  caa: parseCaa,
  install: parseInstall,
  uninstall: parseUninstall,
  logs: parseLogs,
  rename: parseRename,
  release: parseRelease,
};

/** Names of the commands. */
export const COMMANDS = Object.keys(PARSERS) as CommandName[];

/**
 * Reads a command line.
 *
 * @throws {UsageError} if it does not say one thing that can be done.
 */
export function parseCommand(args: readonly string[]): Command {
  const [first, ...rest] = args;
  if (first === undefined || first === "--help" || first === "-h") return { name: "help" };
  if (first === "--version" || first === "-V") return { name: "version" };
  if (first === "help") {
    if (rest[0] === undefined) return { name: "help" };
    return { name: "help", topic: commandName(rest[0]) };
  }
  const name = commandName(first);
  const options = PARSERS[name](rest);
  return options === undefined ? { name: "help", topic: name } : { name, options } as Command;
}

function commandName(word: string): CommandName {
  const name = COMMANDS.find((command) => command === word);
  if (name === undefined) {
    throw new UsageError(`There is no command "${word}"; the commands are ${COMMANDS.join(", ")}`);
  }
  return name;
}

function parseStatus(args: string[]): StatusOptions | undefined {
  const options = { ...COMMON, json: { type: "boolean" }, qr: { type: "boolean" } } as const;
  const { values: { help, json = false, qr = false, state } } = parseOptions(args, options, 0);
  if (help) return undefined;
  if (json && qr) throw new UsageError("--json and --qr exclude each other");
  return { json, qr, state };
}
