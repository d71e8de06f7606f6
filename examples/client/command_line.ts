import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { USERNAME_PATTERN } from "../../lib/wire/username.ts";

const USERNAME = new RegExp(USERNAME_PATTERN);

/** A command line that means nothing; its message is for the person who typed it. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Options that every command takes. */
export const COMMON = {
  help: { type: "boolean", short: "h" },
  state: { type: "string" },
} satisfies ParseArgsOptionsConfig;

/**
 * `parseArgs` of node:util, with its complaints turned into usage errors.
 *
 * @param positionals most words that are no options.
 * @throws {UsageError}
 */
export function parseOptions<T extends ParseArgsOptionsConfig>(
  args: string[],
  options: T,
  positionals: number,
): ReturnType<typeof parseArgs<{ args: string[]; options: T; allowPositionals: true }>> {
  const parsed = usable(() => parseArgs({ args, options, allowPositionals: true }));
  const extra = parsed.positionals[positionals];
  if (extra !== undefined) throw new UsageError(`"${extra}" is one word too many`);
  return parsed;
}

/** What `read` returns; what it throws becomes a usage error. */
export function usable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    // What follows is on positionals that begin with a dash, which nothing here takes.
    throw new UsageError((error as Error).message.split(". To specify")[0]!);
  }
}

/**
 * A name as a relay has it.
 *
 * @throws {UsageError} if it cannot be one.
 */
export function usernameOf(text: string): string {
  if (USERNAME.test(text)) return text;
  throw new UsageError(`"${text}" cannot be a name: 2 to 63 of a-z, 0-9 and "-", not at an end`);
}

/**
 * The whole number that an option was given.
 *
 * @throws {UsageError} if it is none within the bounds.
 */
export function count(
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
