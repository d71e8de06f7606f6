import { BASE } from "../../tests/stories/relay.ts";
import type { Bench } from "./bench.ts";
import { usernameOf } from "./glossond.ts";
import { LoadProcess } from "./load_process.ts";
import { byStage } from "./profile_stages.ts";
import type { Profile } from "./profiler.ts";
import { startSampled } from "./sampled.ts";
import { systemCalls } from "./system_calls.ts";
import { cpuTimesOf } from "./usage.ts";

/** Visits that are profiled, and those before: optimised code costs less. */
const VISITS = { full: 10_000, quick: 2_000 } as const;
const WARM_UP_VISITS = 9_000;

/** Where the processor's time of a new connection goes: by V8's profile, `/proc` and strace. */
export async function profile(bench: Bench): Promise<void> {
  await using sampled = await startSampled("profiler.ts");
  const { glossond } = sampled;
  await using client = new LoadProcess("flights.ts");
  await using visitor = new LoadProcess("flights.ts");
  await client.call("online", glossond.membership(0, 64));
  const { pid, ports } = glossond.relay;
  const visits = (count: number): Promise<unknown> =>
    visitor.call("visits", {
      ...{ port: ports.hub!, hostname: `${usernameOf(0)}.${BASE}`, count, atOnce: 8 },
    });
  const count = bench.quick ? VISITS.quick : VISITS.full;

  bench.tell(`profile: warming up, ${WARM_UP_VISITS} visits`);
  await visits(WARM_UP_VISITS);
  bench.tell(`profile: ${count} visits without a profiler`);
  const before = cpuTimesOf(pid);
  await visits(count);
  const after = cpuTimesOf(pid);
  bench.tell(`profile: ${count} visits under V8's profiler`);
  const found = byStage(await sampled.during(() => visits(count)) as Profile);
  const kernel = (after.kernelSeconds - before.kernelSeconds) * 1e6 / count;
  const all = kernel + (after.userSeconds - before.userSeconds) * 1e6 / count;
  const row = (target: string, us: number): void =>
    bench.add({
      section: "profile",
      target,
      case: "CPU of a visit",
      values: { percent: us / all * 100, usEach: us },
    });
  for (const [stage, share] of found) row(stage, share * all);
  row("all", all);
  row("of it in the kernel", kernel);

  bench.tell("profile: system calls");
  const calls = await systemCalls(pid, () => visits(count));
  if (calls === undefined) return bench.tell("profile: strace is not installed");
  for (const [name, { calls: n, seconds }] of calls) {
    bench.add({
      section: "profile, system calls",
      target: name,
      case: "of a visit",
      values: { callsEach: n / count, usEach: seconds * 1e6 / count },
    });
  }
}
