/**
 * Measures the relay beside other programs for the same job, see `--help`.
 */
import { readCommandLine, refuse, wholeNumber } from "../command_line.ts";
import type { Bench } from "./bench.ts";
import { allocation } from "./allocation.ts";
import { bulk } from "./bulk.ts";
import { burst } from "./burst.ts";
import { clients } from "./clients.ts";
import { cluster } from "./cluster.ts";
import { memory } from "./memory.ts";
import { connections } from "./connections.ts";
import { isInstalled, LEFT_OUT, PEERS } from "./peers.ts";
import { growth, growthPlot } from "./growth.ts";
import { links } from "./links.ts";
import { page } from "./page.ts";
import { pressure } from "./pressure.ts";
import { profile } from "./profile.ts";
import { rate } from "./rate.ts";
import { soak, soakOfTwo } from "./soak.ts";
import { start } from "./start.ts";
import { comparison, rowsOf } from "./compare.ts";
import { type Row, textTable } from "./table.ts";
import { tunnelLinks } from "./tunnel_links.ts";
import { tunnels } from "./tunnels.ts";
import { verdicts, verdictText } from "./verdicts.ts";

const SECTIONS: Record<string, (bench: Bench) => Promise<void>> = {
  bulk,
  connections,
  burst,
  links,
  rate,
  profile,
  allocation,
  memory,
  clients,
  pressure,
  page,
  start,
  soak,
  "soak-2": soakOfTwo,
  growth,
  tunnels,
  "tunnel-links": tunnelLinks,
  cluster,
};

/** Those that are measured only where they are named: they take minutes, or other programs. */
const NAMED_ONLY = ["profile", "soak-2", "growth", "tunnels", "tunnel-links", "cluster"];

const HELP = `Measures the relay beside other programs for the same job.

Usage: deno task bench [SECTION...] [--quick] [--json] [--rounds N] [--peer NAME...] [--before DIR]
                       [--compare FILE] [--plot FILE]

Sections: ${Object.keys(SECTIONS).join(", ")};
all of them when none is named but ${NAMED_ONLY.join(", ")}. Of these, tunnels
and tunnel-links have cargo, Go and pip get the others' programs first, for minutes; cluster, soak-2 and
a part of growth take Debian's PostgreSQL.

  --quick      shorter runs, fewer rounds: to see that it works, not to quote
  --json       one JSON object instead of the table
  --rounds N   how often each program is measured, in turns; medians are shown
  --peer NAME  only peers whose name holds NAME; "none" for none
  --compare FILE
               an earlier run's --json: tells what each value is of that one's
  --plot FILE  writes the picture of growth, an SVG
  --before DIR a checkout of an earlier version, whose client is measured in the same run (page)
`;

const encoder = new TextEncoder();

const { values: options, positionals } = readCommandLine(HELP, {
  allowPositionals: true,
  options: {
    quick: { type: "boolean" },
    json: { type: "boolean" },
    rounds: { type: "string" },
    peer: { type: "string", multiple: true },
    before: { type: "string" },
    compare: { type: "string" },
    plot: { type: "string" },
  },
});
const unknown = positionals.find((name) => !Object.hasOwn(SECTIONS, name));
if (unknown !== undefined) refuse(`there is no section ${unknown}`);

function wants(name: string): boolean {
  return options.peer === undefined || options.peer.some((part) => name.includes(part));
}
const earlier = options.compare === undefined
  ? []
  : await rowsOf(options.compare).catch(({ message }: Error) => refuse(message));
const wanted = PEERS.filter(({ name }) => wants(name));
const skipped = wanted.filter((peer) => !isInstalled(peer)).map(({ name }) => name);
const rounds = wholeNumber("rounds", options.rounds ?? (options.quick ? "2" : "5"));
if (rounds === 0) refuse("--rounds is at least 1");
const rows: Row[] = [];
const failures: string[] = [];
const bench: Bench = {
  quick: options.quick ?? false,
  rounds,
  before: options.before?.replace(/\/*$/, "/"),
  peers: wanted.filter(isInstalled),
  wants,
  add: (row) => rows.push(row),
  async mayFail(target, act) {
    try {
      await act();
      return true;
    } catch (error) {
      if (target.startsWith("glossond")) throw error;
      bench.tell(`${target} fails: ${(error as Error).message}`);
      return false;
    }
  },
  tell: (text) => Deno.stderr.writeSync(encoder.encode(`${text}\n`)),
};
if (skipped.length > 0) bench.tell(`not installed, skipped: ${skipped.join(", ")}`);
for (const [name, why] of Object.entries(LEFT_OUT)) bench.tell(`left out: ${name}, ${why}`);
const sections = positionals.length > 0
  ? positionals
  : Object.keys(SECTIONS).filter((name) => !NAMED_ONLY.includes(name));
for (const name of sections) {
  try {
    await SECTIONS[name]!(bench);
  } catch (error) {
    failures.push(`${name}: ${(error as Error).message}`);
  }
}
if (options.plot !== undefined) {
  const picture = growthPlot(rows);
  if (picture === undefined) failures.push("plot: nothing to draw, it takes the section growth");
  else await Deno.writeTextFile(options.plot, picture);
}
const found = verdicts(rows);
const text = options.json
  ? JSON.stringify({ skipped, leftOut: LEFT_OUT, failures, rows, verdicts: found }, null, 2) + "\n"
  : [textTable(rows), verdictText(found), comparison(rows, earlier)].join("\n");
Deno.stdout.writeSync(encoder.encode(text));
for (const failure of failures) bench.tell(`bench: ${failure}`);
Deno.exit(failures.length > 0 ? 1 : 0);
