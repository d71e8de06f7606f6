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
  complain(`${why}; see --help`);
  Deno.exit(2);
}

/** Does what a script is for; where that fails, says why on standard error and ends the process with 1. */
export async function runScript(main: () => void | Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    complain((error as Error).message);
    Deno.exit(1);
  }
}

function complain(why: string): void {
  const script = basename(Deno.mainModule.replace(/\/main\.ts$/, ""), ".ts");
  Deno.stderr.writeSync(new TextEncoder().encode(`${script}: ${why}\n`));
}
