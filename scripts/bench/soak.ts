import { BASE } from "../../tests/stories/relay.ts";
import type { Bench } from "./bench.ts";
import { startGlossond, usernameOf } from "./glossond.ts";
import { LoadProcess } from "./load_process.ts";

/** What is open and comes in, and for how long. */
const SOAK = {
  full: { clients: 5_000, pairs: 4_000, perSecond: 50, seconds: 300 },
  quick: { clients: 500, pairs: 400, perSecond: 50, seconds: 15 },
} as const;

/** Users whose visitors the pairs are of. */
const SERVING = 50;

/** Descriptors of a client, of a pair, and of everything else. */
const DESCRIPTORS = { client: 3, pair: 2, rest: 4_500 } as const;

/** Many clients online, many visitors joined, and new ones all the time. */
export async function soak(bench: Bench): Promise<void> {
  const { pairs, perSecond, seconds, ...wanted } = bench.quick ? SOAK.quick : SOAK.full;
  const limits = await Deno.readTextFile("/proc/self/limits");
  const limit = Number(/^Max open files +\d+ +(\d+)/m.exec(limits)?.[1] ?? Infinity);
  const room = Math.floor(
    (limit - DESCRIPTORS.rest - pairs * DESCRIPTORS.pair) / DESCRIPTORS.client,
  );
  const clients = Math.min(wanted.clients, room);
  if (clients < wanted.clients) {
    bench.tell(`soak: ${clients} clients instead of ${wanted.clients}: ${limit} descriptors`);
  }
  await using stack = new AsyncDisposableStack();
  const glossond = stack.use(
    await startGlossond({
      users: clients,
      settings: {
        MAX_VISITORS: String(pairs + 300),
        MAX_CLIENTS: String(clients),
        MAX_HELLOS: "500",
        MAX_PAGES: "20",
        MAX_PARKED: "500",
      },
    }),
  );
  const target = glossond.target("glossond");
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
    target: "glossond",
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
