/**
 * Puts a client of the protocol through a list of checks, see `--help`.
 *
 * @module
 */
import { parseArgs } from "node:util";
import type { Check } from "./check.ts";
import { CHECKS, type Outcome, runChecks } from "./run.ts";

const HELP = `Puts any client of the Glosson relay protocol through a list of checks.

Usage: deno task conformance [--only NAMES] -- COMMAND...

COMMAND is run with these arguments, in a temporary folder DIR of its own:
  COMMAND setup kaylee --relay URL --ca FILE --bio-file FILE --state DIR
  COMMAND run --upstream http://127.0.0.1:PORT --state DIR
A client with other words gets a script around it. --ca names the authority to trust for the relay,
--bio-file a file to write the code into, and run passes visitors to a web app until SIGTERM.

  --only NAMES   some of the checks, with commas between
  --list         tell their names and what they ask for

Exits with 0 when all passed that are required, 1 when one of them failed, 2 when the command line
is wrong. Optional ones that a client does not pass are told as not offered.
`;

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}

function line(mark: string, { name, section, what, optional }: Check): string {
  return `${mark.padEnd(5)} ${name.padEnd(14)} ${section}  ${what}${
    optional ? " (optional)" : ""
  }\n`;
}

/** What is told of a check. */
function report({ check, failure }: Outcome): string {
  if (failure === undefined) return line("ok", check);
  const [mark, why] = check.optional
    ? ["-", `optional: not offered: ${failure}`]
    : ["FAIL", failure];
  return `${line(mark, check)}${why.replace(/^/gm, "      ")}\n`;
}

function passedOf(outcomes: Outcome[]): string {
  const passed = outcomes.filter(({ failure }) => failure === undefined).length;
  return `${passed} of ${outcomes.length}`;
}

function refuse(why: string): never {
  Deno.stderr.writeSync(new TextEncoder().encode(`conformance: ${why}; see --help\n`));
  Deno.exit(2);
}

// `deno task conformance -- COMMAND` passes the two dashes on.
const at = Deno.args.indexOf("--");
const own = at < 0 ? Deno.args : Deno.args.slice(0, at);
const command = at < 0 ? [] : Deno.args.slice(at + 1);
const options = { only: { type: "string" }, list: { type: "boolean" }, help: { type: "boolean" } };
const { values } = readOwn();

function readOwn(): { values: { only?: string; list?: boolean; help?: boolean } } {
  try {
    return parseArgs({ args: own, options: options as Record<string, { type: "string" }> });
  } catch (error) {
    return refuse((error as Error).message);
  }
}

if (values.help) {
  print(HELP);
  Deno.exit(0);
}
if (values.list) {
  for (const check of CHECKS) print(line("", check));
  Deno.exit(0);
}
if (command.length === 0) refuse("no COMMAND is given");
const only = values.only?.split(",");
const unknown = only?.find((name) => !CHECKS.some((check) => check.name === name));
if (unknown !== undefined) refuse(`there is no check "${unknown}"`);

const folder = await Deno.makeTempDir({ prefix: "glosson-conformance-" });
try {
  const chosen = CHECKS.filter(({ name }) => only === undefined || only.includes(name));
  const outcomes = await runChecks(command, folder, chosen, (outcome) => print(report(outcome)));
  const required = outcomes.filter(({ check }) => !check.optional);
  const optional = outcomes.filter(({ check }) => check.optional);
  print(`\nrequired: ${passedOf(required)} passed; optional: ${passedOf(optional)} offered\n`);
  Deno.exitCode = required.some(({ failure }) => failure !== undefined) ? 1 : 0;
} finally {
  await Deno.remove(folder, { recursive: true });
}
