import assert from "node:assert/strict";
import { must, run } from "../../scripts/run.ts";
import { ROOT } from "../stories/relay.ts";

/** Runs a script of this repository to its end and returns what it printed, as JSON. */
async function runScript(name: string, args: string[]): Promise<Record<string, unknown>> {
  const script = ["run", "-A", `${ROOT}scripts/${name}`, ...args, "--json"];
  return JSON.parse(await must(Deno.execPath(), script));
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

/** Changes relays under load. How late the event loop may be is for a machine that does nothing else. */
async function change(...more: string[]): Promise<{ visits: number; failures: object }> {
  const args = ["--count", "3", "--clients", "50", "--visits", "30", "--late", "10000", ...more];
  const script = [Deno.execPath(), "run", "-A", `${ROOT}scripts/takeovers.ts`, ...args, "--json"];
  const [program = "", ...rest] = [...IN_NETWORK, ...script];
  return JSON.parse((await run(program, rest)).stdout);
}

for (const [where, ...more] of [["under load"], ["behind HAProxy", "--haproxy"]] as const) {
  Deno.test(`relays take each other's place ${where}, and nobody notices`, async () => {
    const { visits, failures } = await change(...more);
    assert.deepEqual(failures, {});
    assert.ok(visits >= 60, `${visits} visits`);
  });
}

Deno.test("a relay starts again behind HAProxy, and who comes meanwhile waits", async () => {
  const { visits, failures } = await change("--haproxy", "--restart", "SIGTERM");
  assert.deepEqual(failures, {});
  assert.ok(visits >= 60, `${visits} visits`);
});

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
  assert.ok(trends.timers.leaks && trends.timers.perMinute > 60, JSON.stringify(trends));
  assert.ok(!trends.descriptors.leaks, JSON.stringify(trends));
  assert.deepEqual(failures, {});
  assert.ok(acts["users' acts"] > 20 && acts["users came and went"] > 20, JSON.stringify(acts));
});
