import type { ParseArgsOptionsConfig } from "node:util";
import type { KeyType } from "../../lib/pki/keys.ts";
import { USERNAME_PATTERN } from "../../lib/wire/username.ts";
import { COMMON, parseOptions, usable, UsageError } from "./command_line.ts";
import { relayUrl } from "./relay_url.ts";
import { parseRun, type RunOptions } from "./run_arguments.ts";

/** Kinds of private key that a person may choose; RSA is for old visitors. */
export const KEY_TYPES: readonly KeyType[] = ["ecdsa", "rsa"];

/** Names of the commands. */
export const COMMANDS = ["setup", "run", "status"] as const;

/** Name of a command. */
export type CommandName = (typeof COMMANDS)[number];

/** Options of `glosson setup`. */
export interface SetupOptions {
  username: string;
  relay: URL;
  /** File with further trusted authorities, PEM. */
  ca?: string;
  /** File to write the code into, for local trials. */
  bioFile?: string;
  keyType: KeyType;
  /** Replace what the state folder holds without asking. */
  force: boolean;
  /** State folder, when not the default one. */
  state?: string;
}

/** Options of `glosson status`. */
export interface StatusOptions {
  json: boolean;
  /** State folder, when not the default one. */
  state?: string;
}

/** What a command line asks for. */
export type Command =
  | { name: "help"; topic?: CommandName }
  | { name: "version" }
  | { name: "setup"; options: SetupOptions }
  | { name: "run"; options: RunOptions }
  | { name: "status"; options: StatusOptions };

const USERNAME = new RegExp(USERNAME_PATTERN);

const OPTIONS = {
  setup: {
    ...COMMON,
    relay: { type: "string" },
    ca: { type: "string" },
    "bio-file": { type: "string" },
    "key-type": { type: "string" },
    force: { type: "boolean" },
    yes: { type: "boolean", short: "y" },
  },
  status: { ...COMMON, json: { type: "boolean" } },
} satisfies Record<string, ParseArgsOptionsConfig>;

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
  switch (name) {
    case "setup":
      return parseSetup(rest);
    case "run": {
      const options = parseRun(rest);
      return options === undefined ? { name: "help", topic: "run" } : { name, options };
    }
    case "status":
      return parseStatus(rest);
  }
}

function commandName(word: string): CommandName {
  const name = COMMANDS.find((command) => command === word);
  if (name === undefined) {
    throw new UsageError(`There is no command "${word}"; the commands are ${COMMANDS.join(", ")}`);
  }
  return name;
}

function parseSetup(args: string[]): Command {
  const { values, positionals } = parseOptions(args, OPTIONS.setup, 1);
  if (values.help) return { name: "help", topic: "setup" };
  const username = positionals[0];
  if (username === undefined) throw new UsageError("setup needs the NAME to set up");
  if (!USERNAME.test(username)) {
    throw new UsageError(
      `"${username}" cannot be a name: 2 to 63 of a-z, 0-9 and "-", not at an end`,
    );
  }
  if (values.relay === undefined) throw new UsageError("setup needs --relay URL");
  const keyType = KEY_TYPES.find((type) => type === (values["key-type"] ?? "ecdsa"));
  if (keyType === undefined) throw new UsageError(`--key-type is ${KEY_TYPES.join(" or ")}`);
  return {
    name: "setup",
    options: {
      username,
      relay: usable(() => relayUrl(values.relay!)),
      ca: values.ca,
      bioFile: values["bio-file"],
      keyType,
      force: (values.force ?? false) || (values.yes ?? false),
      state: values.state,
    },
  };
}

function parseStatus(args: string[]): Command {
  const { values } = parseOptions(args, OPTIONS.status, 0);
  if (values.help) return { name: "help", topic: "status" };
  return { name: "status", options: { json: values.json ?? false, state: values.state } };
}
