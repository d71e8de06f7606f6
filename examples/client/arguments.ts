import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { MAX_POOL_SIZE } from "../../lib/wire/messages.ts";
import { VISITOR_SILENCE_MS } from "./front/limits.ts";
import { APP_SILENCE_MS } from "./proxy/pass.ts";
import { parseUpstream, type Upstream } from "./proxy/upstream.ts";
import { relayUrl } from "./relay_url.ts";

/** Kinds of private key that a person may choose. */
export const KEY_TYPES = ["ecdsa", "rsa"] as const;

/** Kind of private key: ECDSA on P-256, or RSA of 2048 bits for old visitors. */
export type KeyType = (typeof KEY_TYPES)[number];

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

/** Options of `glosson run`. */
export interface RunOptions {
  /** Web app that visitors are passed to. */
  upstream?: Upstream;
  /** File with authorities to trust for the app, PEM. */
  upstreamCa?: string;
  /** Takes any certificate of the app. */
  insecureUpstream: boolean;
  /** What the app gets as `Host`: "visitor" for what the visitor sent, "app" for its own, or a name. */
  appHost: string;
  /** How long the app may be silent before its answer, milliseconds. */
  appSilenceMs: number;
  /** How long a visitor may be silent within and between requests, milliseconds. */
  visitorSilenceMs: number;
  /** Folder to serve. */
  dir?: string;
  /** Connections to keep parked at the relay. */
  pool: number;
  /** Most visitors at once. */
  maxVisitors: number;
  verbose: boolean;
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

/** A command line that means nothing; its message is for the person who typed it. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Most connections kept parked unless `--pool` says otherwise. */
export const DEFAULT_POOL = 16;

/** Visitors at once unless `--max-visitors` says otherwise. */
export const DEFAULT_MAX_VISITORS = 256;

/** Most that `--max-visitors` takes; each visitor costs four file descriptors. */
const MAX_MAX_VISITORS = 4096;

/** Most seconds of silence that an option takes: a day. */
const MAX_SECONDS = 86_400;

/** Options of `run` that say nothing without `--upstream`. */
const OF_UPSTREAM = ["upstream-ca", "insecure-upstream", "app-host", "app-silence"] as const;

/** PROTOCOL: a lower-case DNS label of 2 to 63 characters, no punycode. */
const USERNAME = /^(?!..--)[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$/;

const COMMON = {
  help: { type: "boolean", short: "h" },
  state: { type: "string" },
} satisfies ParseArgsOptionsConfig;

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
  run: {
    ...COMMON,
    upstream: { type: "string" },
    "upstream-ca": { type: "string" },
    "insecure-upstream": { type: "boolean" },
    "app-host": { type: "string" },
    "app-silence": { type: "string" },
    "visitor-silence": { type: "string" },
    dir: { type: "string" },
    pool: { type: "string" },
    "max-visitors": { type: "string" },
    verbose: { type: "boolean", short: "v" },
  },
  status: { ...COMMON, json: { type: "boolean" } },
} satisfies Record<CommandName, ParseArgsOptionsConfig>;

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
    case "run":
      return parseRun(rest);
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
  const { values, positionals } = parse(args, OPTIONS.setup, 1);
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

function parseRun(args: string[]): Command {
  const { values } = parse(args, OPTIONS.run, 0);
  if (values.help) return { name: "help", topic: "run" };
  if (values.upstream !== undefined && values.dir !== undefined) {
    throw new UsageError("--upstream and --dir exclude each other");
  }
  const upstream = values.upstream === undefined ? undefined : upstreamOf(values.upstream);
  for (const option of OF_UPSTREAM) {
    if (values[option] !== undefined && upstream === undefined) {
      throw new UsageError(`--${option} is about the app of --upstream, and there is none`);
    }
  }
  if (values["app-host"] !== undefined && !/^[a-z\d.:[\]-]+$/i.test(values["app-host"])) {
    throw new UsageError(`--app-host is visitor, app or a host name, not "${values["app-host"]}"`);
  }
  return {
    name: "run",
    options: {
      upstream,
      upstreamCa: values["upstream-ca"],
      insecureUpstream: values["insecure-upstream"] ?? false,
      appHost: values["app-host"] ?? "visitor",
      appSilenceMs: seconds("--app-silence", values["app-silence"], APP_SILENCE_MS),
      visitorSilenceMs: seconds(
        "--visitor-silence",
        values["visitor-silence"],
        VISITOR_SILENCE_MS,
      ),
      dir: values.dir,
      pool: count("--pool", values.pool, DEFAULT_POOL, 0, MAX_POOL_SIZE),
      maxVisitors: count(
        "--max-visitors",
        values["max-visitors"],
        DEFAULT_MAX_VISITORS,
        1,
        MAX_MAX_VISITORS,
      ),
      verbose: values.verbose ?? false,
      state: values.state,
    },
  };
}

function parseStatus(args: string[]): Command {
  const { values } = parse(args, OPTIONS.status, 0);
  if (values.help) return { name: "help", topic: "status" };
  return { name: "status", options: { json: values.json ?? false, state: values.state } };
}

/** `parseArgs`, with its complaints turned into usage errors. */
function parse<T extends ParseArgsOptionsConfig>(
  args: string[],
  options: T,
  positionals: number,
): ReturnType<typeof parseArgs<{ args: string[]; options: T; allowPositionals: true }>> {
  const parsed = usable(() => parseArgs({ args, options, allowPositionals: true }));
  const extra = parsed.positionals[positionals];
  if (extra !== undefined) throw new UsageError(`"${extra}" is one word too many`);
  return parsed;
}

function usable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    // What follows is on positionals that begin with a dash, which nothing here takes.
    throw new UsageError((error as Error).message.split(". To specify")[0]!);
  }
}

function upstreamOf(text: string): Upstream {
  try {
    return parseUpstream(text);
  } catch (error) {
    throw new UsageError(`--upstream: ${(error as Error).message}`);
  }
}

/** A number of seconds, in milliseconds. */
function seconds(option: string, text: string | undefined, fallbackMs: number): number {
  return count(option, text, fallbackMs / 1000, 1, MAX_SECONDS) * 1000;
}

function count(
  option: string,
  text: string | undefined,
  fallback: number,
  min: number,
  max: number,
): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) {
    throw new UsageError(`${option} is a number from ${min} to ${max}, not "${text}"`);
  }
  return value;
}
