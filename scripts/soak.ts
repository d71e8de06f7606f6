/** Lets a relay live a mixed life and looks for leaks; see `--help`. */

// deno-lint-ignore-file no-console -- a script tells its terminal
import { readCommandLine, refuse, wholeNumber } from "./command_line.ts";
import { type Figure, type Plant, PLANTS } from "./soak/gauge.ts";
import { type Leg, resultOf } from "./soak/legs.ts";
import { type Progress, soak } from "./soak/soak.ts";
import type { Trend } from "./soak/trend.ts";

const HELP = `Lets a relay live a mixed life, and looks for what grows.

Usage: deno run -A scripts/soak.ts [--minutes N] [--seed N] [--json] [--clients N] [--visits N]
                                   [--streams N] [--hand-overs N] [--plant KIND] [--keep FILE]

Visitors come to users who stay online, others come and go; names are claimed, certificated and released,
blocked and unblocked; the relay's certificate is renewed, its database locked, its place taken; reference
clients are killed and started again; peers send a byte a second, nothing, or a reset. Everybody but
these must be served, and neither memory nor descriptors, timers, rows or files may grow: each slope has
to be zero within its interval of 99.9 % confidence. The kernel's way of handing over is set as for
scripts/takeovers.ts.

  --minutes N     how long (20); 0.5 is the least
  --seed N        of the acts and their moments (the time)
  --clients N     users who stay online (200); a quarter as many come and go
  --visits N      visits a second (30)
  --streams N     streams that are opened, used and closed, every ten seconds (20)
  --hand-overs N  how often another process takes the relay's place (3)
  --plant KIND    plants a leak, to see that it is found: ${PLANTS.join(", ")}
  --keep FILE     what was seen, written each minute; one that is there is gone on from, and the verdict is
                  about all: so a soak may be longer than the machine is there for
  --json          the result as JSON on standard output

Exit: 0 all well, 1 something grows or somebody was not served, 2 the command line is wrong.
`;

const { values } = readCommandLine(HELP, {
  options: {
    minutes: { type: "string", default: "20" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    clients: { type: "string", default: "200" },
    visits: { type: "string", default: "30" },
    streams: { type: "string", default: "20" },
    "hand-overs": { type: "string", default: "3" },
    plant: { type: "string" },
    keep: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const minutes = Number(values.minutes);
if (!(minutes >= 0.5)) refuse(`--minutes takes a number from 0.5 on, not ${values.minutes}`);
const plant = values.plant as Plant | undefined;
if (plant !== undefined && !PLANTS.includes(plant)) {
  refuse(`--plant takes ${PLANTS.join(", ")}, not ${plant}`);
}

/** What earlier soaks saw that this one goes on from. */
const earlier: Leg[] = values.keep === undefined ? [] : readLegs(values.keep);

function readLegs(path: string): Leg[] {
  try {
    const legs: Leg[] = JSON.parse(Deno.readTextFileSync(path));
    // Hours later is too late to find out.
    if (legs.every(({ watched }) => watched.samples.rows.length > 0)) return legs;
    return refuse(`--keep: ${path} has a soak of which nothing was seen`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    return refuse(`--keep: ${path} cannot be gone on from: ${(error as Error).message}`);
  }
}

function keep(leg: Leg): void {
  if (values.keep === undefined) return;
  Deno.writeTextFileSync(`${values.keep}.new`, JSON.stringify([...earlier, leg]));
  Deno.renameSync(`${values.keep}.new`, values.keep);
}

const encoder = new TextEncoder();
const isTerminal = Deno.stderr.isTerminal();
let toldAtS = -Infinity;

/** Shows how it goes: on a line that changes, or on a new one now and then. */
function tell({ atS, ofS, visits, failures, acts, handOvers, figures }: Progress): void {
  if (!isTerminal && atS - toldAtS < 15) return;
  toldAtS = atS;
  const now = Object.entries(figures).map(([name, value]) => `${name} ${figure(value)}`);
  const failed = Object.entries(failures).map(([why, times]) => `${times} times ${why}`);
  const text = `${clock(atS)} of ${clock(ofS)}, ${visits} visits, ${acts} acts, ${handOvers} ` +
    `hand-overs, failed: ${failed.join("; ") || "nothing"}; ${now.join(", ")}`;
  Deno.stderr.writeSync(encoder.encode(isTerminal ? `\r\x1b[K${text}` : `${text}\n`));
}

function clock(seconds: number): string {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

function figure(value: number): string {
  return value.toFixed(Number.isInteger(value) ? 0 : 1);
}

function line(name: string, { perMinute, plusMinus, last, leaks }: Trend): string {
  const [slope, half] = [perMinute.toFixed(3), plusMinus.toFixed(3)].map((text) =>
    text.padStart(9)
  );
  return `${leaks ? "GROWS" : "ok   "} ${name.padEnd(12)}${slope} ±${half} a minute, ${
    figure(last)
  } at last`;
}

const leg = await soak({
  seconds: minutes * 60,
  seed: wholeNumber("seed", values.seed),
  clients: wholeNumber("clients", values.clients),
  perSecond: wholeNumber("visits", values.visits),
  streams: wholeNumber("streams", values.streams),
  handOvers: wholeNumber("hand-overs", values["hand-overs"]),
  plant,
  onProgress: tell,
  onMinute: keep,
});
keep(leg);
const result = resultOf([...earlier, leg]);
if (isTerminal) console.error();
const trends = Object.entries(result.trends) as [Figure, Trend][];
const isWell = Object.keys(result.failures).length === 0 && trends.every(([, { leaks }]) => !leaks);
if (values.json) console.log(JSON.stringify(result));
else {
  const { seconds, visits, slowestMs, acts, seeds, failures } = result;
  console.log(
    [
      `${clock(seconds)}, ${visits} visits (slowest p99 of two seconds ${
        slowestMs.toFixed(0)
      } ms), ` +
      `seed ${seeds.join(", ")}`,
      ...Object.entries(acts).map(([what, times]) => `  ${times} times: ${what}`),
      ...trends.map(([name, trend]) => line(name, trend)),
      ...Object.entries(failures).map(([why, times]) => `FAILED ${times} times: ${why}`),
      isWell ? "nothing grows, and everybody was served" : "NOT WELL",
    ].join("\n"),
  );
}
Deno.exit(isWell ? 0 : 1);
