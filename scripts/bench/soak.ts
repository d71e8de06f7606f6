import { BASE } from "../../tests/stories/relay.ts";
import type { Bench } from "./bench.ts";
import {
  type Glossond,
  startGlossond,
  startTwoProcesses,
  TWO_PROCESSES,
  usernameOf,
} from "./glossond.ts";
import { LoadProcess } from "./load_process.ts";

/** What is open and comes in, and for how long. */
const SOAK = {
  full: { clients: 5_000, pairs: 4_000, perSecond: 50, seconds: 300 },
  quick: { clients: 500, pairs: 400, perSecond: 50, seconds: 15 },
};

/** Users whose visitors the pairs are of. */
const SERVING = 50;

/** Places for all else, few: each takes descriptors. */
const FEW = { MAX_HELLOS: "500", MAX_PAGES: "20", MAX_PARKED: "500", MAX_DATA_SOCKETS: "50" };

/** Descriptors of a client, of a pair, and of everything else. */
const DESCRIPTORS = { client: 3, pair: 2, rest: 4_500 } as const;

/** Many clients online, many visitors joined, and new ones all the time. */
export async function soak(bench: Bench): Promise<void> {
  const plan = bench.quick ? SOAK.quick : SOAK.full;
  const { pairs } = plan;
  const limits = await Deno.readTextFile("/proc/self/limits");
  const limit = Number(/^Max open files +\d+ +(\d+)/m.exec(limits)?.[1] ?? Infinity);
  const room = Math.floor(
    (limit - DESCRIPTORS.rest - pairs * DESCRIPTORS.pair) / DESCRIPTORS.client,
  );
  const clients = Math.min(plan.clients, room);
  if (clients < plan.clients) {
    bench.tell(`soak: ${clients} clients instead of ${plan.clients}: ${limit} descriptors`);
  }
  await using glossond = await startGlossond({
    users: clients,
    settings: { ...FEW, MAX_VISITORS: `${pairs + 300}`, MAX_CLIENTS: `${clients}` },
  });
  await run(bench, "glossond", glossond, { ...plan, clients });
}

/** The same at two processes, which have twice the descriptors and so room for all clients. */
export async function soakOfTwo(bench: Bench): Promise<void> {
  const plan = bench.quick ? SOAK.quick : SOAK.full;
  // Of each process; the system shares connections out to them at random.
  const half = (count: number): string => `${Math.round(count * 0.6) + 100}`;
  const glossond = await startTwoProcesses({
    users: plan.clients,
    settings: { ...FEW, MAX_VISITORS: half(plan.pairs), MAX_CLIENTS: half(plan.clients) },
  });
  if (glossond === undefined) return bench.tell("soak-2: skipped, PostgreSQL is not installed");
  await using _ = glossond;
  await run(bench, TWO_PROCESSES, glossond, plan);
}

async function run(
  bench: Bench,
  name: string,
  glossond: Glossond,
  { clients, pairs, perSecond, seconds }: typeof SOAK.full,
): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const target = glossond.target(name);
  const [serving, holder, visitor, prober, idle] = [
    "flights.ts",
    "flights.ts",
    "flights.ts",
    "probe.ts",
    "clients.ts",
  ].map((file) => stack.use(new LoadProcess(file)));
  for (let user = 0; user < SERVING; user++) {
    await serving!.call("online", glossond.membership(user, 4));
  }
  bench.tell(`soak: ${clients} clients come online`);
  const others = Array.from(
    { length: clients - SERVING },
    (_, i) => glossond.membership(SERVING + i, 0),
  );
  await idle!.call("online", others);
  bench.tell(`soak: ${pairs} visitors come and stay`);
  const hostnames = Array.from({ length: SERVING }, (_, user) => `${usernameOf(user)}.${BASE}`);
  await holder!.call("hold", { port: target.port, hostnames, count: pairs });
  bench.tell(`soak: ${perSecond} visitors a second for ${seconds} s`);
  const before = target.usage();
  const [visits, delays] = await Promise.all([
    visitor!.call<{ p50: number; p99: number; errors: number }>("rate", {
      port: target.port,
      hostnames: hostnames.slice(0, 1),
      perSecond,
      seconds,
    }),
    prober!.call<{ p50: number; p99: number; longest: number }>("probe", {
      port: glossond.relay.ports.admin,
      seconds,
    }),
  ]);
  const after = target.usage();
  const lost = await idle!.call<{ lost: number }>("lost");
  bench.add({
    section: "soak",
    target: name,
    case: `${clients} clients, ${pairs} pairs, ${perSecond}/s, ${seconds} s`,
    values: {
      errors: visits.errors + lost.lost,
      visitP50Ms: visits.p50,
      visitP99Ms: visits.p99,
      loopP50Ms: delays.p50,
      loopP99Ms: delays.p99,
      loopLongestMs: delays.longest,
      cpuShare: (after.cpuSeconds - before.cpuSeconds) / seconds,
      rssMb: after.rssBytes / 1e6,
      descriptors: after.descriptors,
    },
  });
}
