import { BASE } from "../../tests/stories/relay.ts";
import { bareLoop, bareMeeting } from "./bare_loop.ts";
import type { Bench } from "./bench.ts";
import { startGlossond, usernameOf } from "./glossond.ts";
import { LoadProcess } from "./load_process.ts";
import { median } from "./numbers.ts";
import { directTarget, startPeer } from "./peers.ts";

/** Rates that are tried, in turn, until one is too much. */
const RATES = [200, 400, 600, 800, 1_000, 1_250, 1_500, 2_000, 2_500, 3_000, 4_000, 5_000];

/** A visitor who waits longer than this finds the page slow. */
const LIMIT_P99_MS = 100;

/** How often a rate is tried before it counts as too much: other work on the machine passes. */
const TRIES = 3;

/** Buffers of the bare loop: what a server says first fits. */
const LOOP_BUFFER_BYTES = 4 * 1024;

/** Visits of a closed loop, and how many of them at once. */
const LOOP = { full: 3_000, quick: 1_000, atOnce: 8 } as const;

/** Rounds before those that count: a relay runs for weeks, its compilers for seconds. */
const WARM_UP_ROUNDS = 3;

/** CPU time of a new connection under load, and how many a second before visitors wait. */
export async function rate(bench: Bench): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const origin = stack.use(new LoadProcess("flights.ts"));
  const client = stack.use(new LoadProcess("flights.ts"));
  const visitor = stack.use(new LoadProcess("flights.ts"));
  const { port } = await origin.call<{ port: number }>("listen");
  const glossond = stack.use(await startGlossond({ users: 1 }));
  await client.call("online", glossond.membership(0, 64));
  const targets = [
    directTarget(port),
    await bareLoop(stack, { originPort: port, bufferBytes: LOOP_BUFFER_BYTES }),
    await bareMeeting(stack, { bufferBytes: LOOP_BUFFER_BYTES }),
    glossond.target("glossond parked"),
  ];
  for (const peer of bench.peers) targets.push(stack.use(await startPeer(peer, port, BASE)));
  const hostname = `${usernameOf(0)}.${BASE}`;

  const costs = new Map(
    targets.map(({ name }) => [name, { all: [] as number[], kernel: [] as number[] }]),
  );
  const count = bench.quick ? LOOP.quick : LOOP.full;
  for (let round = 1 - WARM_UP_ROUNDS; round <= bench.rounds; round++) {
    for (const target of [...targets]) {
      bench.tell(`rate, ${LOOP.atOnce} at once, round ${round}: ${target.name}`);
      const before = target.usage();
      const run = { port: target.port, hostname, count, atOnce: LOOP.atOnce };
      if (!await bench.mayFail(target.name, () => visitor.call("visits", run))) {
        targets.splice(targets.indexOf(target), 1);
        continue;
      }
      if (round < 1) continue;
      const { cpuSeconds, kernelSeconds } = target.usage();
      const { all, kernel } = costs.get(target.name)!;
      all.push((cpuSeconds - before.cpuSeconds) * 1000 / count);
      kernel.push((kernelSeconds - before.kernelSeconds) * 1000 / count);
    }
  }
  const seconds = bench.quick ? 1 : 3;
  for (const target of targets) {
    let best = 0;
    for (const perSecond of RATES) {
      bench.tell(`rate, ${perSecond} a second: ${target.name}`);
      const run = { port: target.port, hostnames: [hostname], perSecond, seconds };
      let stood = false;
      for (let tried = 0; !stood && tried < TRIES; tried++) {
        const { p99, errors } = await visitor.call<{ p99: number; errors: number }>("rate", run);
        stood = errors === 0 && p99 <= LIMIT_P99_MS;
      }
      if (!stood) break;
      best = perSecond;
    }
    bench.add({
      section: "rate",
      target: target.name,
      case: `new connections`,
      values: {
        ...(target.name !== "direct" && {
          cpuMsEach: median(costs.get(target.name)!.all),
          kernelMsEach: median(costs.get(target.name)!.kernel),
        }),
        perSecondBelow100Ms: best,
      },
    });
  }
}
