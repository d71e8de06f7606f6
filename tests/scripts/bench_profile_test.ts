import assert from "node:assert/strict";
import { byStage } from "../../scripts/bench/profile_stages.ts";
import { readSummary } from "../../scripts/bench/system_calls.ts";
import type { Profile } from "../../scripts/bench/profiler.ts";

const LIB = new URL("../../lib/", import.meta.url).href;

/** A profile of nodes that are each called by another, and of the time that was spent in each. */
function profile(...nodes: [name: string, url: string, caller: number, us: number][]): Profile {
  return {
    nodes: nodes.map(([functionName, url], id) => ({
      id,
      callFrame: { functionName, url },
      children: nodes.flatMap(([, , caller], child) => caller === id ? [child] : []),
    })),
    samples: nodes.map((_, id) => id),
    timeDeltas: nodes.map(([, , , us]) => us),
  };
}

Deno.test("byStage() counts what the runtime does, and helpers do, for the stage that called it", () => {
  const found = byStage(profile(
    ["(root)", "", NaN, 1_000],
    ["(idle)", "", 0, 1_000],
    ["(garbage collector)", "", 0, 30],
    ["#carry", `${LIB}net/splice.ts`, 0, 5],
    ["op_write", "", 3, 100],
    ["op_read", "", 3, 10],
    ["hello", `${LIB}visitor/peek.ts`, 0, 7],
    ["add", `${LIB}net/schedule.ts`, 6, 2],
    ["eventLoopTick", "ext:core/01_core.js", 0, 8],
    ["constructor", `${LIB}store/open.ts`, 0, 1],
    ["(program)", "", 0, 37],
  ));
  assert.deepEqual([...found], [
    ["pass bytes: write", 0.5],
    ["the runtime, outside of JavaScript", 0.185],
    ["collect garbage", 0.15],
    ["pass bytes", 0.075],
    ["read the hello", 0.045],
    ["the runtime, its own JavaScript", 0.04],
    ["others of the relay", 0.005],
  ]);
});

Deno.test("readSummary() reads the table of strace, without its total", () => {
  const text = `strace: Process 12 attached with 5 threads
    seconds     calls syscall
----------- --------- ----------------
   0.016000      8000 sendto
   0.000500         2 epoll_wait
----------- --------- ----------------
   0.016500      8002 total
`;
  assert.deepEqual([...readSummary(text)], [
    ["sendto", { calls: 8000, seconds: 0.016 }],
    ["epoll_wait", { calls: 2, seconds: 0.0005 }],
  ]);
});
