import { BASE } from "../../tests/stories/relay.ts";
import type { Bench } from "./bench.ts";
import { startGlossond, usernameOf } from "./glossond.ts";
import { LoadProcess } from "./load_process.ts";
import type { Allocations } from "./sampler.ts";

/** Visits that are counted. */
const VISITS = { full: 3_000, quick: 500 } as const;

/** Rounds before that: optimised code allocates less. */
const WARM_UP_ROUNDS = 3;

/** How long the relay may take to write what it counted. */
const WRITE_TIMEOUT_MS = 10_000;

/** What a visitor's connection allocates in the relay: garbage that has to be collected. */
export async function allocation(bench: Bench): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const dir = await Deno.makeTempDir({ prefix: "glossond-bench-" });
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  const sampler = JSON.stringify(new URL("./sampler.ts", import.meta.url).href);
  const file = `${dir}/allocations.json`;
  await Deno.writeTextFile(
    `${dir}/preload.ts`,
    `import { sampleTo } from ${sampler};\nsampleTo(${JSON.stringify(file)});\n`,
  );
  const glossond = stack.use(await startGlossond({ users: 1, preload: `${dir}/preload.ts` }));
  const client = stack.use(new LoadProcess("flights.ts"));
  const visitor = stack.use(new LoadProcess("flights.ts"));
  await client.call("online", glossond.membership(0, 64));
  const count = bench.quick ? VISITS.quick : VISITS.full;
  const { pid, ports } = glossond.relay;
  const run = { port: ports.hub!, hostname: `${usernameOf(0)}.${BASE}`, count, atOnce: 8 };
  for (let round = 0; round < WARM_UP_ROUNDS; round++) {
    bench.tell(`allocation, warming up: ${round + 1} of ${WARM_UP_ROUNDS}`);
    await visitor.call("visits", run);
  }
  bench.tell("allocation: glossond parked");
  Deno.kill(pid, "SIGUSR2");
  await visitor.call("visits", run);
  Deno.kill(pid, "SIGUSR2");
  const { all, own } = await written(file);
  bench.add({
    section: "allocation",
    target: "glossond parked",
    case: "garbage of a visitor",
    values: { kbEach: all / count / 1000, ownKbEach: own / count / 1000 },
  });
}

/** What a file holds, once it is there. */
async function written(file: string): Promise<Allocations> {
  for (const began = performance.now(); performance.now() - began < WRITE_TIMEOUT_MS;) {
    try {
      return JSON.parse(await Deno.readTextFile(file)) as Allocations;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error(`Cannot read what the relay allocated: it did not write ${file}`);
}
