/**
 * Besieges a relay: peers that send a hello at a byte a second, peers that send nothing, and peers
 * that connect and reset, all of them coming back at once when they are closed. Good visitors open
 * a user's page meanwhile.
 *
 * Prints what the siege added to the good visitors' time, and what the relay used before, at most,
 * and afterwards. Exits 1 if a good visitor got no page, or descriptors or memory did not return.
 *
 *     deno run -A scripts/siege.ts --slow 1000 --silent 1000 --resets 20000 --visitors 200
 *
 * `--addresses 40` has them come through a proxy from that many addresses, where the limits by
 * address hold; otherwise all come from loopback, which has none. `--json` prints all as JSON.
 */

// deno-lint-ignore-file no-console -- a script tells its terminal
import { parseArgs } from "node:util";
import { quantile } from "./bench/numbers.ts";
import type { Usage } from "./bench/usage.ts";
import { siege } from "./siege/siege.ts";
import type { Visits } from "./siege/visitors.ts";

const { values } = parseArgs({
  args: Deno.args,
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
  slow: Number(values.slow),
  silent: Number(values.silent),
  resets: Number(values.resets),
  visitors: Number(values.visitors),
  seconds: Number(values.seconds),
  addresses: Number(values.addresses),
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
