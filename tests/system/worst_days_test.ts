import assert from "node:assert/strict";
import { must, run } from "../../scripts/run.ts";
import { ROOT } from "../stories/relay.ts";

/** Runs a script of this repository to its end and returns what it printed, as JSON. */
async function runScript(
  name: string,
  args: string[],
  before: string[] = [],
): Promise<Record<string, unknown>> {
  const [program = "", ...rest] = [
    ...before,
    ...[Deno.execPath(), "run", "-A", `${ROOT}scripts/${name}`, ...args, "--json"],
  ];
  return JSON.parse(await must(program, rest));
}

Deno.test("what a relay acknowledged is there after it was killed at random moments", async () => {
  const result = await runScript("kills.ts", ["--count", "12", "--seed", "1"]);
  assert.deepEqual(result.lost, []);
  assert.ok(Number(result.acts) >= 24, JSON.stringify(result));
});

/** A network of its own: how the kernel treats connections that wait is this test's to set. */
const IN_NETWORK = [
  ...["unshare", "--net", "sh", "-c"],
  ...['ip link set lo up && sysctl -qw net.ipv4.tcp_migrate_req=1 && exec "$@"', "sh"],
];

for (
  const [what, ...more] of [
    ["relays take each other's place under load, and nobody notices"],
    ["relays take each other's place behind HAProxy, and nobody notices", "--haproxy"],
    [
      "a relay starts again behind HAProxy, and nobody notices",
      ...["--haproxy", "--restart", "SIGTERM"],
    ],
  ] as const
) {
  Deno.test(what, async () => {
    const args = ["--count", "3", "--clients", "50", "--visits", "30", ...more];
    // Whose processor others use has delays that are not the relay's.
    const result = await runScript("takeovers.ts", args, IN_NETWORK);
    const { "the event loop was kept for too long": _, ...failures } = result.failures as
      & object
      & Record<string, number>;
    assert.deepEqual(failures, {});
    assert.ok(Number(result.visits) >= 60, JSON.stringify(result));
  });
}

Deno.test("a soak finds the leak that was planted, and tells what does not grow", async () => {
  const args = [
    "--minutes",
    "0.5",
    "--clients",
    "30",
    "--hand-overs",
    "0",
    "--seed",
    "1",
    "--json",
  ];
  const { code, stdout } = await run(Deno.execPath(), [
    ...["run", "-A", `${ROOT}scripts/soak.ts`, ...args],
    ...["--plant", "timers"],
  ]);
  const { trends, acts, failures } = JSON.parse(stdout);
  assert.equal(code, 1);
  assert.ok(trends.timers.leaks && trends.timers.perMinute > 400, JSON.stringify(trends));
  assert.ok(!trends.descriptors.leaks, JSON.stringify(trends));
  assert.deepEqual(failures, {});
  assert.ok(acts["users' acts"] > 20 && acts["users came and went"] > 20, JSON.stringify(acts));
});
