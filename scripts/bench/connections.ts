import { BASE } from "../../tests/stories/relay.ts";
import { getCertificate } from "../../tests/stories/user.ts";
import type { Bench } from "./bench.ts";
import { startGlossond, usernameOf } from "./glossond.ts";
import { LoadProcess } from "./load_process.ts";
import { median, quantile } from "./numbers.ts";
import { directTarget, startPeer, type Target } from "./peers.ts";

/** Visits a round and target. */
const VISITS = { full: 400, quick: 100 } as const;

/** Connections that the client keeps parked: few, so that each visit's refill counts. */
const POOL = 8;

/** How a visitor reaches the page. */
interface Way {
  name: string;
  target: Target;
  hostname: string;
}

/** Time to the first byte of new TLS connections, one at a time, and what each costs the relay. */
export async function connections(bench: Bench): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const glossond = stack.use(await startGlossond({ users: 2 }));
  const { relay } = glossond;
  const origin = stack.use(new LoadProcess("tls.ts"));
  const visitor = stack.use(new LoadProcess("tls.ts"));
  const hostnames = [0, 1].map((user) => `${usernameOf(user)}.${BASE}`);
  const ways: Way[] = [];
  for (const [user, name] of ["glossond parked", "glossond dialled"].entries()) {
    const client = stack.use(new LoadProcess("tls.ts"));
    const membership = glossond.membership(user, user === 0 ? POOL : 0);
    const { username, token } = membership;
    const pair = await getCertificate(relay, { username, token, hostname: hostnames[user]! });
    await client.call("online", { ...pair, membership });
    ways.push({ name, target: glossond.target(name), hostname: hostnames[user]! });
    if (user > 0) continue;
    const { port } = await origin.call<{ port: number }>("listen", pair);
    const others = [directTarget(port)];
    for (const peer of bench.peers) others.push(stack.use(await startPeer(peer, port, BASE)));
    ways.push(...others.map((target) => ({ name: target.name, target, hostname: hostnames[0]! })));
  }

  const runs = new Map(
    ways.map(({ name }) => [name, { p50: [] as number[], all: [] as number[] }]),
  );
  const cpu = new Map<string, number>();
  const broken = new Set<string>();
  const count = bench.quick ? VISITS.quick : VISITS.full;
  for (let round = 0; round <= bench.rounds; round++) {
    for (const { name, target, hostname } of ways) {
      if (broken.has(name)) continue;
      bench.tell(`connections, round ${round}: ${name}`);
      const before = target.usage().cpuSeconds;
      const run = { port: target.port, hostname, count, ca: relay.ca, pauseMs: 1 };
      let times: number[] = [];
      const served = await bench.mayFail(name, async () => {
        ({ times } = await visitor.call<{ times: number[] }>("sequence", run));
      });
      if (!served) {
        broken.add(name);
        continue;
      }
      // Round 0 warms up: compilers, caches, the pool.
      if (round === 0) continue;
      runs.get(name)!.p50.push(median(times));
      runs.get(name)!.all.push(...times);
      cpu.set(name, (cpu.get(name) ?? 0) + target.usage().cpuSeconds - before);
    }
  }
  const direct = runs.get("direct")!;
  for (const { name } of ways.filter((way) => !broken.has(way.name))) {
    const { p50, all } = runs.get(name)!;
    bench.add({
      section: "connections",
      target: name,
      case: "TLS, first byte",
      values: {
        p50Ms: median(p50),
        p50AddedMs: name === "direct" ? undefined : median(p50.map((ms, i) => ms - direct.p50[i]!)),
        p99Ms: quantile(all, 0.99),
        p99AddedMs: name === "direct"
          ? undefined
          : quantile(all, 0.99) - quantile(direct.all, 0.99),
        cpuMsEach: name === "direct" ? undefined : cpu.get(name)! * 1000 / (count * bench.rounds),
      },
    });
  }
}
