/**
 * Besieges a relay: peers that send a hello at a byte a second, peers that send nothing, and peers
 * that connect and reset, all of them coming back at once when they are closed. Good visitors open
 * a user's page meanwhile. See `--help`.
 */

// deno-lint-ignore-file no-console -- a script tells its terminal
import { quantile } from "./bench/numbers.ts";
import { readCommandLine, wholeNumber } from "./command_line.ts";
import type { Usage } from "./bench/usage.ts";
import { siege } from "./siege/siege.ts";
import type { Visits } from "./siege/visitors.ts";

const HELP = `Besieges a relay while good visitors open a user's page.

Usage: deno run -A scripts/siege.ts [--slow N] [--silent N] [--resets N] [--visitors N]
                                    [--seconds N] [--addresses N] [--json]

Prints what the siege added to the good visitors' time, and what the relay used before, at most,
and afterwards. Exit: 0 all well, 1 a good visitor got no page, or descriptors or memory did not
return, 2 the command line is wrong.

  --slow N       peers that send a hello at a byte a second (1000)
  --silent N     peers that send nothing (1000)
  --resets N     connections that are reset, in all (20000)
  --visitors N   good visits (200)
  --seconds N    how long (20)
  --addresses N  so many addresses, through a proxy, where the limits by address hold; 0: all come
                 from loopback, which has none (0)
  --json         one JSON object
`;

const { values } = readCommandLine(HELP, {
  options: {
    slow: { type: "string", default: "1000" },
    silent: { type: "string", default: "1000" },
    resets: { type: "string", default: "20000" },
    visitors: { type: "string", default: "200" },
    seconds: { type: "string", default: "20" },
    addresses: { type: "string", default: "0" },
    json: { type: "boolean", default: false },
  },
});

const report = await siege({
  slow: wholeNumber("slow", values.slow),
  silent: wholeNumber("silent", values.silent),
  resets: wholeNumber("resets", values.resets),
  visitors: wholeNumber("visitors", values.visitors),
  seconds: wholeNumber("seconds", values.seconds),
  addresses: wholeNumber("addresses", values.addresses),
  onProgress: (text) => console.error(text),
});
const { before, during, usage, recoveredAfterS, errors } = report;
const added = (share: number): number =>
  quantile(during.times, share) - quantile(before.times, share);

if (values.json) {
  console.log(JSON.stringify(
    {
      good: { before: before.times.length, during: during.times.length },
      failures: [...before.failures, ...during.failures],
      addedMs: { p50: added(0.5), p99: added(0.99) },
      usage,
      recoveredAfterS,
      errors,
    },
    null,
    2,
  ));
} else {
  console.log(`in peace:    ${visitText(before)}`);
  console.log(`under siege: ${visitText(during)}`);
  console.log(`added: p50 ${added(0.5).toFixed(1)} ms, p99 ${added(0.99).toFixed(1)} ms`);
  for (const [when, used] of Object.entries(usage)) console.log(`${when}: ${usageText(used)}`);
  console.log(`CPU of the relay during the siege: ${usage.peak.cpuSeconds.toFixed(1)} s`);
  console.log(
    recoveredAfterS === undefined
      ? "descriptors or memory did NOT return"
      : `descriptors and memory returned after ${recoveredAfterS.toFixed(1)} s`,
  );
  for (const line of [...before.failures, ...during.failures, ...errors]) console.log(line);
}
const good = before.failures.length + during.failures.length + errors.length === 0;
Deno.exit(good && recoveredAfterS !== undefined ? 0 : 1);

function visitText({ times, failures }: Visits): string {
  const [p50, p99] = [0.5, 0.99].map((share) => quantile(times, share).toFixed(1));
  return `${times.length} of ${
    times.length + failures.length
  } got the page, p50 ${p50} ms, p99 ${p99} ms`;
}

function usageText({ rssBytes, descriptors }: Usage): string {
  return `${(rssBytes / 1024 / 1024).toFixed(1)} MB RSS, ${descriptors} descriptors`;
}
