/**
 * Sends what a port on the internet gets sent to glossond and to Debian's other programs that relay
 * TLS by its SNI, all set up alike, and prints what each did, see `--help`.
 */

// deno-lint-ignore-file no-console -- a script tells its terminal
import { SOFTWARE } from "../lib/version.ts";
import { readCommandLine } from "./command_line.ts";
import { INPUTS } from "./odd_inputs/inputs.ts";
import { measure } from "./odd_inputs/measure.ts";
import { PROGRAMS } from "./odd_inputs/programs.ts";
import {
  isInstalled,
  type Relay,
  startGlossond,
  startProgram,
  versionOf,
} from "./odd_inputs/relays.ts";
import { asMarkdown, asText, type Column, markOf } from "./odd_inputs/table.ts";

/** Inputs under way at once: few, so that none is late for want of CPU. */
const AT_ONCE = 8;

const HELP = `Sends odd inputs to glossond and to other programs that relay TLS by its SNI.

Usage: deno run -A scripts/odd_inputs.ts [--json | --markdown] [--only NAME,NAME...]

Prints what each did. Programs that are not installed are skipped by name; apt-get install
libnginx-mod-stream haproxy sniproxy sslh brings all. Exit: 0 glossond did the right thing with
every input, 1 it did not, 2 the command line is wrong.

  --json      one JSON object
  --markdown  a table for scripts/README.md
  --only      leaves out every program that is not named
`;

const { values } = readCommandLine(HELP, {
  options: {
    json: { type: "boolean" },
    markdown: { type: "boolean" },
    only: { type: "string" },
  },
});
const only = values.only?.split(",");

async function column(relay: Relay, version: string): Promise<Column> {
  const outcomes: Column["outcomes"] = [];
  const left = [...INPUTS.entries()];
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      outcomes[next[0]] = await measure(relay.port, next[1]);
    }
  }));
  const measured: Column = { name: relay.name, version, outcomes };
  // Once more by itself, where another connection of the program's may have been the cause (sslh
  // closes one in place of another at times). glossond has no such excuse.
  if (relay.name === "glossond") return measured;
  for (const [i, input] of INPUTS.entries()) {
    if (!["closed", "garbled"].includes(outcomes[i]!)) continue;
    outcomes[i] = await measure(relay.port, input);
  }
  return measured;
}

const columns: Column[] = [];
{
  await using relay = await startGlossond();
  columns.push(await column(relay, SOFTWARE.replace("/", " ")));
}
for (const program of PROGRAMS) {
  if (only !== undefined && !only.includes(program.name.toLowerCase())) continue;
  if (!isInstalled(program)) {
    console.error(`${program.name} is not installed (${program.package}): left out`);
    continue;
  }
  await using relay = await startProgram(program);
  columns.push(await column(relay, await versionOf(program)));
}

const wrong = INPUTS.filter((input, i) =>
  markOf(input, columns[0]!.outcomes[i]!, true) !== "right"
);
if (values.json) {
  const rows = INPUTS.map((input, i) => ({
    input: input.what,
    right: input.right,
    ...Object.fromEntries(columns.map((c) => [c.name, c.outcomes[i]])),
  }));
  const versions = Object.fromEntries(columns.map((c) => [c.name, c.version]));
  console.log(JSON.stringify({ versions, rows }, null, 2));
} else {
  console.log((values.markdown ? asMarkdown : asText)(INPUTS, columns));
  console.log(columns.map((c) => c.version).join("; "));
}
for (const { what, right } of wrong) console.error(`glossond: ${what}: not "${right}"`);
Deno.exit(wrong.length > 0 ? 1 : 0);
