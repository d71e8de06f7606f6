/** Measures what strangers can take of a relay; see `--help`. */

// deno-lint-ignore-file no-console -- a script tells its terminal
import { startRelay } from "../tests/stories/relay.ts";
import { AS_SERVED } from "./bench/glossond.ts";
import { readCommandLine, refuse, wholeNumber } from "./command_line.ts";
import { sendBodies } from "./strangers/bodies.ts";
import { flood, type Visits } from "./strangers/flood.ts";

const HELP = `Measures what strangers can take of a relay that is started for it.

Usage: deno run -A scripts/strangers.ts bodies [--connections N] [--chunks N]
       deno run -A scripts/strangers.ts flood [--requests N] [--handshakes N] [--visits N]
                                              [--seconds N]

bodies: request bodies in chunks of one byte, without an end. Fails when the relay's resident memory
is more than 20 MB larger afterwards, with the connections still open.

flood: one address asks the API, another opens TLS connections, and honest visitors load a parked
page. Fails when their p99 is more than twice that of a quiet relay in the same run, or one of them
got no page. The strangers run when nothing else wants to: their computers are not the relay's.

Exit: 0 within the bound, 1 not, 2 the command line is wrong.

  --connections N   connections at once (20)
  --chunks N        chunks on each (60000)
  --requests N      requests a second (10000)
  --handshakes N    TLS connections a second (1000)
  --visits N        honest visits a second (50)
  --seconds N       how long each part lasts (20)
`;

/** How much larger the relay may be, bytes. */
const MAX_GROWTH_BYTES = 20 * 1024 * 1024;

/** How many times slower honest visitors may be. */
const MAX_SLOWER = 2;

const { values, positionals } = readCommandLine(HELP, {
  allowPositionals: true,
  options: {
    connections: { type: "string", default: "20" },
    chunks: { type: "string", default: "60000" },
    requests: { type: "string", default: "10000" },
    handshakes: { type: "string", default: "1000" },
    visits: { type: "string", default: "50" },
    seconds: { type: "string", default: "20" },
  },
});
const number = (option: keyof typeof values): number => wholeNumber(option, values[option]!);

let good: boolean;
switch (positionals.join(" ")) {
  case "bodies":
    good = await bodies();
    break;
  case "flood":
    good = await flooded();
    break;
  default:
    refuse("say bodies or flood");
}
Deno.exit(good ? 0 : 1);

async function bodies(): Promise<boolean> {
  await using relay = await startRelay({
    settings: { LOG_LEVEL: "info" },
    launcher: AS_SERVED,
  });
  const { before, peak, after } = await sendBodies({
    relay,
    connections: number("connections"),
    chunks: number("chunks"),
  });
  const good = after - before <= MAX_GROWTH_BYTES;
  console.log(
    `resident memory before: ${mb(before)}, at most ${mb(peak)}, afterwards ${mb(after)}`,
  );
  console.log(`${good ? "good" : "TOO MUCH"}: ${mb(after - before)} more, bound 20 MB`);
  return good;
}

async function flooded(): Promise<boolean> {
  const report = await flood({
    requests: number("requests"),
    handshakes: number("handshakes"),
    visits: number("visits"),
    seconds: number("seconds"),
    onProgress: (text) => console.error(text),
  });
  const { quiet, flooded, quietAgain, strangers } = report;
  const parts = { quiet, "with strangers": flooded, "quiet again": quietAgain };
  for (const [part, visits] of Object.entries(parts)) console.log(`${part}: ${visitText(visits)}`);
  console.log(`strangers: ${JSON.stringify(strangers)}`);
  const slower = flooded.p99 / Math.max(quiet.p99, quietAgain.p99);
  const errors = quiet.errors + flooded.errors + quietAgain.errors;
  const good = slower <= MAX_SLOWER && errors === 0;
  console.log(
    `${good ? "good" : "TOO MUCH"}: p99 is ${slower.toFixed(2)} times that of a quiet relay`,
  );
  return good;
}

function visitText({ p50, p99, errors, cpu }: Visits): string {
  return `p50 ${p50.toFixed(1)} ms, p99 ${
    p99.toFixed(1)
  } ms, ${errors} without a page; the relay took ${(100 * cpu).toFixed(0)} % of a processor`;
}

function mb(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
