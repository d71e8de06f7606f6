import { BASE } from "../../tests/stories/relay.ts";
import type { Bench } from "./bench.ts";
import { usernameOf } from "./glossond.ts";
import { LoadProcess } from "./load_process.ts";
import { startSampled } from "./sampled.ts";
import type { Allocations } from "./sampler.ts";

/** Visits that are counted. */
const VISITS = { full: 3_000, quick: 500 } as const;

/** Rounds before that: optimised code allocates less. */
const WARM_UP_ROUNDS = 3;

/** What a visitor's connection allocates in the relay: garbage that has to be collected. */
export async function allocation(bench: Bench): Promise<void> {
  await using sampled = await startSampled("sampler.ts");
  const { glossond } = sampled;
  await using client = new LoadProcess("flights.ts");
  await using visitor = new LoadProcess("flights.ts");
  await client.call("online", glossond.membership(0, 64));
  const count = bench.quick ? VISITS.quick : VISITS.full;
  const port = glossond.relay.ports.hub!;
  const run = { port, hostname: `${usernameOf(0)}.${BASE}`, count, atOnce: 8 };
  for (let round = 0; round < WARM_UP_ROUNDS; round++) {
    bench.tell(`allocation, warming up: ${round + 1} of ${WARM_UP_ROUNDS}`);
    await visitor.call("visits", run);
  }
  bench.tell("allocation: glossond parked");
  const { all, own } = await sampled.during(() => visitor.call("visits", run)) as Allocations;
  bench.add({
    section: "allocation",
    target: "glossond parked",
    case: "garbage of a visitor",
    values: { kbEach: all / count / 1000, ownKbEach: own / count / 1000 },
  });
}
