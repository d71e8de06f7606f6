/**
 * Runs what others wrote against the relay and the client, see `--help`.
 */

// deno-lint-ignore-file no-console -- a script tells its terminal
import { readCommandLine, refuse } from "./command_line.ts";
import { type Case, isSame, type Suite } from "./outside/suite.ts";
import { SUITES } from "./outside/suites.ts";
import { startGround, World } from "./outside/world.ts";

const HELP = `Runs suites and real programs of others directly and through relay and client.

Usage: deno task outside [--installed] [--json] [--only | --except NAME,NAME...] [--verbose]

Each suite runs against an app by itself and through glossond and glosson, and the verdicts have to
be the same, or better. What a suite needs is installed by its own package manager (apt, pip, npm,
go) into ~/.cache/glossond-outside, or $GLOSSOND_OUTSIDE_CACHE; suites whose tools cannot be had are
skipped by name. Needs root, for names that resolve. Exit: 0 no difference, 1 some, 2 the command
line is wrong.

  --installed  leaves out what takes long to install and is not there
  --json       one JSON object
  --only       only these suites: ${SUITES.map(({ name }) => name).join(", ")}
  --except     all but these
  --verbose    tells every case that is not "ok" both ways
`;

/** How long the whole may take, milliseconds. */
const LIMIT_MS = 900_000;

/** What became of a suite. */
interface Outcome {
  suite: string;
  seconds: number;
  cases: Case[];
  /** Why it did not run, or broke off. */
  skipped?: string;
  failed?: string;
}

const { values: options } = readCommandLine(HELP, {
  options: {
    installed: { type: "boolean" },
    json: { type: "boolean" },
    only: { type: "string" },
    except: { type: "string" },
    verbose: { type: "boolean" },
  },
});
const only = namesIn(options.only);
const except = namesIn(options.except);
const suites = SUITES.filter(({ name }) =>
  (only?.includes(name) ?? true) && !(except?.includes(name) ?? false)
);

const started = performance.now();
await using stack = new AsyncDisposableStack();
const ground = await startGround(stack, suites.map(({ name }) => name));
const outcomes: Outcome[] = [];
for (const suite of suites) {
  const outcome = await outcomeOf(suite);
  outcomes.push(outcome);
  console.error(lineOf(outcome));
}

const different = outcomes.flatMap(({ suite, cases }) =>
  cases.filter((one) => !isSame(one)).map((one) => ({ suite, ...one }))
);
const failed = outcomes.filter(({ failed }) => failed !== undefined);
if (options.json) console.log(JSON.stringify({ outcomes, different }, null, 2));
else {
  console.log(table(outcomes));
  for (const { suite, what, direct, through } of different) {
    console.log(`${suite}: ${what}: directly ${direct}, through glosson ${through}`);
  }
  for (const { suite, failed: why } of failed) console.log(`${suite}: ${why}`);
}
const ran = outcomes.filter(({ cases }) => cases.length > 0).length;
if (ran === 0) console.log("No suite ran.");
Deno.exitCode = different.length > 0 || failed.length > 0 || ran === 0 ? 1 : 0;

/** Names of suites in an option; a name that no suite has ends the process. */
function namesIn(option: string | undefined): string[] | undefined {
  const names = option?.split(",");
  const unknown = names?.find((name) => SUITES.every((suite) => suite.name !== name));
  if (unknown !== undefined) refuse(`there is no suite ${unknown}`);
  return names;
}

async function outcomeOf(suite: Suite): Promise<Outcome> {
  const began = performance.now();
  const left = LIMIT_MS - (began - started);
  const outcome = (more: Partial<Outcome>): Outcome => ({
    suite: suite.name,
    seconds: Math.round((performance.now() - began) / 1000),
    cases: [],
    ...more,
  });
  if (left < 5_000) return outcome({ skipped: "no time is left" });
  for (const tool of suite.tools) {
    if (await tool.isThere()) continue;
    if (options.installed && tool.slow) return outcome({ skipped: `${tool.name} is not here` });
    console.error(`${suite.name}: installing ${tool.name} …`);
    try {
      await tool.install();
    } catch (error) {
      return outcome({ skipped: (error as Error).message });
    }
  }
  const dir = await Deno.makeTempDir({ prefix: `glosson-outside-${suite.name}-` });
  const ending = new AbortController();
  await using mine = new AsyncDisposableStack();
  mine.defer(() => Deno.remove(dir, { recursive: true }));
  const limitMs = Math.min(suite.limitMs, left);
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    ending.abort();
    late.reject(new Error(`Cannot end within ${limitMs / 1000} s`));
  }, limitMs);
  try {
    const world = new World(ground, { dir, stack: mine, signal: ending.signal });
    const cases = await Promise.race([suite.run(world), late.promise]);
    if (cases.length === 0) throw new Error("No case ran");
    return outcome({ cases });
  } catch (error) {
    return outcome({ failed: (error as Error).message });
  } finally {
    clearTimeout(timer);
  }
}

function lineOf({ suite, seconds, cases, skipped, failed }: Outcome): string {
  if (skipped !== undefined) return `${suite}: skipped: ${skipped}`;
  if (failed !== undefined) return `${suite}: failed after ${seconds} s: ${failed}`;
  const good = cases.filter(isSame).length;
  const notOk = options.verbose
    ? cases.filter(({ direct, through }) => direct !== "ok" || through !== "ok")
      .map(({ what, direct, through }) => `\n  ${what}: ${direct} | ${through}`).join("")
    : "";
  return `${suite}: ${good} of ${cases.length} alike, ${seconds} s${notOk}`;
}

function table(all: Outcome[]): string {
  const rows = [
    ["suite", "cases", "alike", "worse through glosson", "seconds"],
    ...all.map(({ suite, cases, seconds, skipped, failed }) => {
      if (skipped !== undefined) return [suite, "skipped", "", "", ""];
      if (failed !== undefined) return [suite, "failed", "", "", String(seconds)];
      const count = (test: (one: Case) => boolean): string => String(cases.filter(test).length);
      return [
        suite,
        String(cases.length),
        count(isSame),
        count((one) => !isSame(one)),
        String(seconds),
      ];
    }),
  ];
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i]!)).join("  ").trimEnd())
    .join("\n");
}
