/**
 * Measures what a web developer relies on, between a visitor and an app: directly, and through
 * nginx, Caddy and glosson; see `--help`.
 */

// deno-lint-ignore-file no-console -- a script tells its terminal
import { fileURLToPath } from "node:url";
import { BEHAVIOURS } from "./behaviours/behaviours.ts";
import { type Column, startDirect, startGlosson, startProxies } from "./behaviours/columns.ts";
import { markOf, measure } from "./behaviours/measure.ts";
import { asMarkdown, asText, type Measured } from "./behaviours/table.ts";
import { readCommandLine } from "./command_line.ts";

const HELP = `Measures behaviours between a visitor and an app, with nothing, nginx, Caddy and
glosson (relay and client from their command lines) in between.

Usage: deno run -A scripts/behaviours.ts [--json | --markdown | --write] [--only TEXT] [--column NAME,...]

The app is a raw socket that says what a behaviour asks for and keeps the bytes that it got; visitors
are raw sockets over TLS, curl and nghttp. Proxies that are not installed are skipped by name;
apt-get install nginx caddy curl nghttp2-client brings all. Exit: 0 glosson is right in every
behaviour and so is the app by itself, 1 not, 2 the command line is wrong.

  --json      one JSON object
  --markdown  the table in Markdown
  --write     puts the table into examples/client/BEHAVIOURS.md
  --only      only behaviours whose name contains TEXT
  --column    only these columns, of direct, nginx, Caddy, glosson
  --progress  tells each verdict on standard error as it comes
`;

/** Where the table goes, between two markers. */
const PAGE = fileURLToPath(new URL("../examples/client/BEHAVIOURS.md", import.meta.url));
const MARKERS = ["<!-- behaviours -->", "<!-- end of behaviours -->"] as const;

const { values: options } = readCommandLine(HELP, {
  options: {
    json: { type: "boolean" },
    markdown: { type: "boolean" },
    write: { type: "boolean" },
    only: { type: "string" },
    column: { type: "string" },
    progress: { type: "boolean" },
  },
});
const wanted = options.column?.split(",");
const behaviours = BEHAVIOURS.filter(({ what }) => what.includes(options.only ?? ""));

async function measureAll(column: Column): Promise<Measured> {
  const verdicts: string[] = [];
  for (const behaviour of behaviours) {
    const began = performance.now();
    const verdict = await measure(column, behaviour);
    verdicts.push(verdict);
    if (!options.progress) continue;
    const ms = Math.round(performance.now() - began);
    const mark = markOf(behaviour, verdict, column.name);
    console.error(`${column.name}: ${behaviour.what}: ${verdict} (${mark}, ${ms} ms)`);
  }
  return { name: column.name, verdicts };
}

await using stack = new AsyncDisposableStack();
const glosson = await startGlosson(stack);
const columns = [
  startDirect(stack),
  ...await startProxies(stack, glosson.ground, ({ name, package: brings }) => {
    console.error(`${name} is not installed (${brings}): left out`);
  }),
  glosson,
].filter(({ name }) => wanted?.includes(name) ?? true);
const measured = await Promise.all(columns.map(measureAll));

const wrong = measured.filter(({ name }) => name === "glosson" || name === "direct")
  .flatMap(({ name, verdicts }) =>
    behaviours.map((behaviour, i) => ({ ...behaviour, verdict: verdicts[i]! }))
      .filter((one) => markOf(one, one.verdict, name) === "wrong")
      .map(({ what, right, rule, verdict }) =>
        `${name}: ${what}: "${verdict}", not "${right.join('" or "')}" (${rule})`
      )
  );
if (options.json) {
  const rows = behaviours.map((behaviour, i) => ({
    behaviour: behaviour.what,
    rule: behaviour.rule,
    right: behaviour.right,
    ...Object.fromEntries(measured.map(({ name, verdicts }) => [name, verdicts[i]])),
  }));
  const versions = columns.map(({ version }) => version).filter((version) => version !== "");
  const names = columns.map(({ name }) => name);
  console.log(JSON.stringify({ columns: names, versions, rows, wrong }, null, 2));
} else if (options.write) {
  const page = await Deno.readTextFile(PAGE);
  const [before, rest] = page.split(MARKERS[0]);
  const after = rest?.split(MARKERS[1])[1];
  if (after === undefined) throw new Error(`Cannot write ${PAGE}: a marker is missing`);
  const table = asMarkdown(behaviours, measured);
  await Deno.writeTextFile(PAGE, `${before}${MARKERS[0]}\n${table}${MARKERS[1]}${after}`);
} else {
  console.log((options.markdown ? asMarkdown : asText)(behaviours, measured));
}
for (const line of wrong) console.error(line);
Deno.exitCode = wrong.length > 0 ? 1 : 0;
