/**
 * Checks that the recorded hellos read alike however they are cut, see `--help`.
 */

// deno-lint-ignore-file no-console -- a script tells its terminal
import { parseClientHello } from "../../lib/wire/client_hello.ts";
import { strideFor } from "../../tests/wire/cuts.ts";
import { checkManyCuts } from "../../tests/wire/cuts_pool.ts";
import { readRecordings } from "../../tests/wire/recording.ts";
import { readCommandLine } from "../command_line.ts";

/** Longest hello that has all its pairs tried: their number grows with its square. */
const MAX_ALL_BYTES = 4096;

const HELP = `Checks that the recorded hellos read alike however they are cut.

Usage: deno run --allow-read scripts/corpus/check.ts [--all]

Prints how many cuts that took, over reads and over TLS records. Exit: 0 all read alike, 1 some
did not, 2 the command line is wrong.

  --all  every pair of cuts of every hello up to ${MAX_ALL_BYTES} bytes; without it, every pair of those
         up to 700 bytes, and some of the others
`;

const { values } = readCommandLine(HELP, { options: { all: { type: "boolean" } } });

/** The stride for a hello of `length` bytes. */
function stride(length: number): number {
  return values.all === true && length <= MAX_ALL_BYTES ? 1 : strideFor(length);
}

const start = performance.now();
const hellos = readRecordings().filter(({ bytes }) => parseClientHello(bytes).state === "hello");
const results = await checkManyCuts(
  hellos.map(({ name, bytes }) => ({ name, bytes, stride: stride(bytes.length) })),
);
let cuts = 0;
let failed = 0;
for (const { name, bytes, stride, tried, error } of results) {
  console.log(`${name}: ${bytes.length} bytes, stride ${stride}, ${error ?? `${tried} cuts`}`);
  cuts += tried;
  if (error !== undefined) failed++;
}
const complete = results.filter(({ stride }) => stride === 1).length;
const seconds = ((performance.now() - start) / 1000).toFixed(1);
console.log(`${results.length} hellos, ${complete} of them at every pair of cuts: ${cuts} cuts`);
console.log(`${results.length - failed} read alike, ${failed} did not, in ${seconds} s`);
Deno.exit(failed > 0 ? 1 : 0);
