/**
 * Feeds damaged bytes to the readers of `lib/wire` and checks what must hold for any bytes: they
 * never throw, an answer does not depend on how the bytes come nor change once it is final, and
 * nothing is found that is not valid. ClientHellos begin as those of real clients; what the client reads of them for a
 * proof of a domain is judged as well.
 *
 * See `--help`.
 */

// deno-lint-ignore-file no-console -- a script tells its terminal
import { parseClientHello } from "../lib/wire/client_hello.ts";
import { parseHttpRequest } from "../lib/wire/http_request.ts";
import { parseProxyHeader } from "../lib/wire/proxy_protocol.ts";
import { fuzzFront } from "./fuzz/front/front.ts";
import { helloCase, helloCost, judgeHello, proofCase } from "./fuzz/hello.ts";
import { httpCase, judgeHttp } from "./fuzz/http.ts";
import { judgeProof, proofOutcome } from "./fuzz/proof.ts";
import { judgeProxy, proxyCase } from "./fuzz/proxy.ts";
import { Random } from "./fuzz/random.ts";
import { readCommandLine, refuse, wholeNumber } from "./command_line.ts";

/** Time that no case may take, the least of several tries: hundreds of times the usual. */
const MAX_CASE_MS = 20;

/** Tries of a slow case: a busy machine and the collection of garbage do not hit them all. */
const SLOW_CASE_TRIES = 5;

/** A reader under test. */
interface Target {
  name: string;
  make: (random: Random) => Uint8Array;
  judge: (bytes: Uint8Array, random: Random) => string | undefined;
  /** What the reader makes of the bytes, in a word. */
  outcome: (bytes: Uint8Array) => string;
  /** Cases for each one of the ClientHello's. */
  share: number;
}

/** Every reader, by the name that `--only` takes. */
export const TARGETS: Target[] = [
  { name: "hello", make: helloCase, judge: judgeHello, outcome: helloOutcome, share: 1 },
  { name: "proof", make: proofCase, judge: judgeProof, outcome: proofOutcome, share: 0.2 },
  {
    name: "proxy",
    make: proxyCase,
    judge: judgeProxy,
    outcome: (bytes) => parseProxyHeader(bytes).state,
    share: 0.1,
  },
  {
    name: "http",
    make: httpCase,
    judge: judgeHttp,
    outcome: (bytes) => parseHttpRequest(bytes).state,
    share: 0.1,
  },
];

/** Every how many cases the outcome is counted. */
const OUTCOME_SAMPLE = 20;

function helloOutcome(bytes: Uint8Array): string {
  const result = parseClientHello(bytes);
  return result.state === "reject" ? result.reason : result.state;
}

/** What a run found. */
export interface FuzzReport {
  target: string;
  cases: number;
  seconds: number;
  casesPerSecond: number;
  slowestMs: number;
  /** Cases by what the reader made of them, in percent of a sample. */
  outcomes: Record<string, number>;
  failure?: { index: number; what: string; bytes: string };
}

/** Makes and judges one case. */
function runCase(
  target: Target,
  seed: number,
  index: number,
): { bytes: Uint8Array; what: string | undefined; took: number } {
  const random = new Random(seed, index);
  const bytes = target.make(random);
  const start = performance.now();
  let what: string | undefined;
  try {
    what = target.judge(bytes, random);
  } catch (error) {
    what = `it throws ${(error as Error).stack}`;
  }
  return { bytes, what, took: performance.now() - start };
}

/** Runs the cases from `first` on, until one fails. */
export function fuzz(target: Target, seed: number, first: number, cases: number): FuzzReport {
  const start = performance.now();
  let slowestMs = 0;
  const outcomes: Record<string, number> = {};
  let failure: FuzzReport["failure"];
  let index = first;
  for (; index < first + cases && failure === undefined; index++) {
    let { bytes, what, took } = runCase(target, seed, index);
    slowestMs = Math.max(slowestMs, took);
    for (let n = 1; n < SLOW_CASE_TRIES && took > MAX_CASE_MS; n++) {
      took = Math.min(took, runCase(target, seed, index).took);
    }
    if (took > MAX_CASE_MS) what ??= `it takes ${Math.round(took)} ms`;
    if (index % OUTCOME_SAMPLE === 0 && what === undefined) {
      const outcome = target.outcome(bytes);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + OUTCOME_SAMPLE / cases * 100;
    }
    if (what !== undefined) failure = { index, what, bytes: bytes.toHex() };
  }
  const seconds = (performance.now() - start) / 1000;
  return {
    target: target.name,
    cases: index - first,
    seconds: Math.round(seconds * 10) / 10,
    casesPerSecond: Math.round((index - first) / seconds),
    slowestMs: Math.round(slowestMs * 10) / 10,
    outcomes: Object.fromEntries(
      Object.entries(outcomes).sort(([, a], [, b]) => b - a)
        .map(([outcome, percent]) => [outcome, Math.round(percent * 10) / 10]),
    ),
    failure,
  };
}

const HELP =
  `Feeds damaged bytes to the readers of lib/wire and checks what must hold for any bytes; with
--only front to the client's front in a process of its own, as many handshakes and as many requests.

Usage: deno run -A scripts/fuzz.ts [--cases N] [--seed N] [--only READER] [--json]

Prints a line a reader, and what reading a typical hello costs. A failure is printed with the
command that repeats it. Exit: 0 all well, 1 a reader failed, 2 the command line is wrong.

  --cases N      cases of the reader of hellos, which the others have shares of (100000)
  --seed N       what the cases are drawn from (another each time)
  --first N      the number of the first case (0)
  --only READER  one of ${TARGETS.map(({ name }) => name).join(", ")}, or front
  --json         one JSON object
`;

/** Runs what the command line asks for and returns the exit code. */
async function main(): Promise<number> {
  const { values } = readCommandLine(HELP, {
    options: {
      cases: { type: "string", default: "100000" },
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
      first: { type: "string", default: "0" },
      only: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  const cases = wholeNumber("cases", values.cases);
  const seed = wholeNumber("seed", values.seed);
  const first = wholeNumber("first", values.first);
  if (values.only === "front") return await mainFront(cases, seed, values.json);
  if (values.only !== undefined && !TARGETS.some(({ name }) => name === values.only)) {
    refuse(`there is no reader ${values.only}`);
  }
  const print = values.json ? () => {} : (line: string) => console.log(line);
  const reports: FuzzReport[] = [];
  for (const target of TARGETS) {
    if (values.only !== undefined && values.only !== target.name) continue;
    const share = values.only === undefined ? target.share : 1;
    const report = fuzz(target, seed, first, Math.ceil(cases * share));
    reports.push(report);
    print(
      `${report.target}: ${report.cases} cases in ${report.seconds} s, ` +
        `${report.casesPerSecond} a second, slowest ${report.slowestMs} ms, seed ${seed}: ` +
        (report.failure === undefined ? "all well" : "FAILED"),
    );
    const outcomes = Object.entries(report.outcomes).map(([name, percent]) =>
      `${name} ${percent}%`
    );
    print(`  ${outcomes.join(", ")}`);
    if (report.failure === undefined) continue;
    const { index, what, bytes } = report.failure;
    print(`  ${what}\n  bytes ${bytes}`);
    print(
      `  again: scripts/fuzz.ts --only ${target.name} --seed ${seed} --first ${index} --cases 1`,
    );
  }
  const nanoseconds = helloCost();
  for (const [hello, cost] of Object.entries(nanoseconds)) print(`reading ${hello}: ${cost} ns`);
  if (values.json) console.log(JSON.stringify({ seed, reports, nanoseconds }, null, 2));
  return reports.some(({ failure }) => failure !== undefined) ? 1 : 0;
}

/** The same for the client's front. */
async function mainFront(cases: number, seed: number, json: boolean): Promise<number> {
  const report = await fuzzFront({ cases, seed, tell: (text) => console.error(text) });
  const { handshakes, requests, seconds, good, rssMb, problems } = report;
  console.log(
    json
      ? JSON.stringify({ seed, ...report }, null, 2)
      : `front: ${handshakes} handshakes and ${requests} requests in ${seconds} s, seed ${seed}; ` +
        `good visitors ${good.asked - good.failed.length} of ${good.asked}; ` +
        `RSS ${rssMb.early} MB at half of the requests, ${rssMb.end} MB at the end: ` +
        (problems.length === 0 ? "all well" : `FAILED, ${problems.join("; ")}`),
  );
  return problems.length === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main());
