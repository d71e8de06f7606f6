import { basename } from "node:path";
import { parseArgs, type ParseArgsConfig } from "node:util";

/**
 * Reads the command line of a script by `options` and, when asked for, `positionals`.
 *
 * `--help` prints `help` and ends the process with 0; what cannot be read ends it as
 * {@linkcode refuse} does.
 */
export function readCommandLine<const Config extends ParseArgsConfig>(
  help: string,
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  if (Deno.args.includes("--help") || Deno.args.includes("-h")) {
    Deno.stdout.writeSync(new TextEncoder().encode(help));
    Deno.exit(0);
  }
  try {
    return parseArgs(config);
  } catch (error) {
    // What follows is on positionals that begin with a dash, which no script takes.
    return refuse((error as Error).message.split(". To specify")[0]!);
  }
}

/** An option's value as a whole number; any other text ends the process. */
export function wholeNumber(option: string, text: string): number {
  if (!/^\d{1,15}$/.test(text)) refuse(`--${option} takes a whole number, not ${text}`);
  return Number(text);
}

/** Says on standard error what is wrong with the command line, and ends the process with 2. */
export function refuse(why: string): never {
  const script = basename(Deno.mainModule.replace(/\/main\.ts$/, ""), ".ts");
  Deno.stderr.writeSync(new TextEncoder().encode(`${script}: ${why}; see --help\n`));
  Deno.exit(2);
}
