/** Measures what strangers can take of a relay; see `--help`. */

// deno-lint-ignore-file no-console -- a script tells its terminal
import { AS_SERVED, startRelay } from "../tests/stories/relay.ts";
import { readCommandLine, wholeNumber } from "./command_line.ts";
import { sendBodies } from "./strangers/bodies.ts";

const HELP = `Measures what strangers can take of a relay that is started for it.

Usage: deno run -A scripts/strangers.ts bodies [--connections N] [--chunks N]

bodies: request bodies in chunks of one byte, without an end. Fails when the relay's resident memory
is more than 20 MB larger afterwards, with the connections still open.

Exit: 0 within the bound, 1 not, 2 the command line is wrong.

  --connections N   connections at once (20)
  --chunks N        chunks on each (60000)
`;

/** How much larger the relay may be, bytes. */
const MAX_GROWTH_BYTES = 20 * 1024 * 1024;

const { values, positionals } = readCommandLine(HELP, {
  allowPositionals: true,
  options: {
    connections: { type: "string", default: "20" },
    chunks: { type: "string", default: "60000" },
  },
});
if (positionals.join() !== "bodies") {
  console.error(HELP);
  Deno.exit(2);
}
const relayOptions = { settings: { LOG_LEVEL: "info" }, denoArgs: AS_SERVED };
let good: boolean;
{
  await using relay = await startRelay(relayOptions);
  const { before, peak, after } = await sendBodies({
    relay,
    connections: wholeNumber("connections", values.connections),
    chunks: wholeNumber("chunks", values.chunks),
  });
  good = after - before <= MAX_GROWTH_BYTES;
  console.log(
    `resident memory before: ${mb(before)}, at most ${mb(peak)}, afterwards ${mb(after)}`,
  );
  console.log(`${good ? "good" : "TOO MUCH"}: ${mb(after - before)} more, bound 20 MB`);
}
Deno.exit(good ? 0 : 1);

function mb(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
