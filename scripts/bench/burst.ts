import { BASE } from "../../tests/stories/relay.ts";
import type { Bench } from "./bench.ts";
import { startGlossond, usernameOf } from "./glossond.ts";
import { LoadProcess } from "./load_process.ts";
import { median, quantile } from "./numbers.ts";

/** Visitors who come at once. */
const AT_ONCE = 24;

/** Bursts a round; the first of all warm up. */
const BURSTS = { full: 40, quick: 15 } as const;

/** Between two bursts: the pool is full again, and no acknowledgement is owed any more. */
const PAUSE_MS = 250;

/** Connections that a client keeps parked, by how it serves a burst. */
const POOLS: Readonly<Record<string, number>> = {
  "glossond parked": 64,
  "glossond dialled": 0,
  "glossond 16 parked, 8 dialled": 16,
};

/** What visitors wait who come at once, parked and dialled. */
export async function burst(bench: Bench): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const names = Object.keys(POOLS);
  const glossond = stack.use(await startGlossond({ users: names.length }));
  const client = stack.use(new LoadProcess("flights.ts"));
  const visitor = stack.use(new LoadProcess("flights.ts"));
  for (const [user, name] of names.entries()) {
    await client.call("online", glossond.membership(user, POOLS[name]!));
  }
  const times = new Map<string, number[]>(names.map((name) => [name, []]));
  const bursts = bench.quick ? BURSTS.quick : BURSTS.full;
  for (let round = 0; round <= bench.rounds; round++) {
    for (const [user, name] of names.entries()) {
      bench.tell(`burst, round ${round}: ${name}`);
      const { port } = glossond.target(name);
      const run = { port, hostname: `${usernameOf(user)}.${BASE}`, bursts, pauseMs: PAUSE_MS };
      const found = await visitor.call<{ times: number[] }>("bursts", { ...run, atOnce: AT_ONCE });
      if (round > 0) times.get(name)!.push(...found.times);
    }
  }
  const parked = quantile(times.get("glossond parked")!, 0.99);
  for (const [name, all] of times) {
    const p99Ms = quantile(all, 0.99);
    bench.add({
      section: "burst",
      target: name,
      case: `${AT_ONCE} visitors at once`,
      values: { p50Ms: median(all), p99Ms, p99AboveParkedMs: p99Ms - parked },
    });
  }
}
