import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { nearest } from "../config/nearest.ts";
import { type Command, type CommandContext, EXIT } from "./command.ts";

/** What a command line says behind the command's name. */
export interface CommandLine {
  options: CommandContext["options"];
  positionals: string[];
}

/**
 * Reads the words behind a command's name.
 *
 * @throws {Error} with the cause {@linkcode EXIT.usage}; the message names what is wrong, and the fix.
 */
export function readCommandLine(name: string, command: Command, args: string[]): CommandLine {
  const known: ParseArgsOptionsConfig = {
    ...command.options,
    help: { type: "boolean", short: "h" },
  };
  const { values, positionals, tokens } = parseArgs({
    ...{ args, options: known, strict: false, tokens: true, allowPositionals: true },
  });
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const option = Object.hasOwn(known, token.name) ? known[token.name] : undefined;
    if (option === undefined) {
      const like = nearest(token.name, Object.keys(known));
      throw usageError(`glossond ${name} has no ${token.rawName} (did you mean --${like}?)`, name);
    }
    if (option.type === "string" && !hasValue(token)) {
      const { rawName, value } = token;
      const behind = value === undefined
        ? ""
        : `, and has ${value} (${rawName}=${value} gives that)`;
      throw usageError(`${rawName} wants a value behind it${behind}`, name);
    }
    if (option.type === "boolean" && token.value !== undefined) {
      throw usageError(`${token.rawName} takes no value`, name);
    }
  }
  if (positionals.length > 0 && command.takesWords !== true && values.help !== true) {
    throw usageError(
      `glossond ${name} takes no words, but there is ${JSON.stringify(positionals[0])}`,
      name,
    );
  }
  return { options: values as CommandContext["options"], positionals };
}

/** As in Node's strict mode: what looks like an option behind one is not its value, but `-` alone is. */
function hasValue({ value, inlineValue }: { value?: string; inlineValue?: boolean }): boolean {
  return value !== undefined && (inlineValue === true || !/^-./.test(value));
}

/** An error of the command line itself. */
export function usageError(problem: string, command?: string): Error {
  const help = command === undefined
    ? "glossond --help tells what can be done"
    : `see glossond help ${command}`;
  return new Error(`${problem}; ${help}`, { cause: EXIT.usage });
}

/** An error of the settings: each problem on a line of its own. */
export function settingsError(problems: readonly string[]): Error {
  return new Error(problems.join("\nglossond: "), { cause: EXIT.usage });
}
