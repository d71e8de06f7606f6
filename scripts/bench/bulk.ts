import { BASE } from "../../tests/stories/relay.ts";
import { bareLoop } from "./bare_loop.ts";
import type { Bench } from "./bench.ts";
import { startGlossond, startTwoProcesses, TWO_PROCESSES, usernameOf } from "./glossond.ts";
import { LoadProcess } from "./load_process.ts";
import { median } from "./numbers.ts";
import { directTarget, startPeer } from "./peers.ts";

const GIGABYTE = 1e9;

/** What is moved a run. */
const RUN_BYTES = { full: 2 * GIGABYTE, quick: GIGABYTE } as const;

/** Buffers of the bare loop: the largest that the relay uses. */
const LOOP_BUFFER_BYTES = 2 * 1024 * 1024;

/**
 * Connections that a client keeps parked: one for each stream, and no more, since each waits in a blocking call,
 * and the runtime has 32 threads for those.
 */
const PARKED = 8;

/** A shape of traffic. */
interface Shape {
  streams: number;
  kind: "down" | "up";
}

const SHAPES: readonly Shape[] = [
  { streams: 1, kind: "down" },
  { streams: 1, kind: "up" },
  { streams: 8, kind: "down" },
  { streams: 8, kind: "up" },
];

/** Throughput and relay CPU time of streams as fast as they go. */
export async function bulk(bench: Bench): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const origin = stack.use(new LoadProcess("bulk.ts"));
  const client = stack.use(new LoadProcess("bulk.ts"));
  const visitor = stack.use(new LoadProcess("bulk.ts"));
  const { port } = await origin.call<{ port: number }>("listen");
  const glossond = stack.use(await startGlossond({ users: 1 }));
  await client.call("online", glossond.membership(0, PARKED));

  const loop = { originPort: port, bufferBytes: LOOP_BUFFER_BYTES };
  const targets = [
    directTarget(port),
    await bareLoop(stack, loop),
    await bareLoop(stack, { ...loop, processes: 2 }),
    glossond.target("glossond"),
  ];
  const two = await startTwoProcesses({ users: 1 });
  if (two === undefined) bench.tell(`left out: ${TWO_PROCESSES}, PostgreSQL is not installed`);
  else {
    const client = stack.use(new LoadProcess("bulk.ts"));
    targets.push(stack.use(two).target(TWO_PROCESSES));
    await client.call("online", two.membership(0, PARKED));
  }
  for (const peer of bench.peers) targets.push(stack.use(await startPeer(peer, port, BASE)));

  const total = bench.quick ? RUN_BYTES.quick : RUN_BYTES.full;
  for (const { streams, kind } of SHAPES) {
    const rates = new Map<string, number[]>(targets.map(({ name }) => [name, []]));
    const costs = new Map<string, number[]>(targets.map(({ name }) => [name, []]));
    for (let round = 0; round < bench.rounds; round++) {
      for (const target of targets) {
        bench.tell(`bulk, ${streams} ${kind}, round ${round + 1}: ${target.name}`);
        const before = target.usage().cpuSeconds;
        const { seconds } = await visitor.call<{ seconds: number }>("run", {
          port: target.port,
          hostname: `${usernameOf(0)}.${BASE}`,
          streams,
          order: { kind, bytes: Math.round(total / streams) },
        });
        rates.get(target.name)!.push((total * 8) / GIGABYTE / seconds);
        costs.get(target.name)!.push((target.usage().cpuSeconds - before) / (total / GIGABYTE));
      }
    }
    for (const { name } of targets) {
      bench.add({
        section: "bulk",
        target: name,
        case: `${streams} ${streams === 1 ? "stream" : "streams"} ${kind}`,
        values: {
          gbps: median(rates.get(name)!),
          cpuSecondsPerGb: name === "direct" ? undefined : median(costs.get(name)!),
        },
      });
    }
  }
}
