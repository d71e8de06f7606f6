import { BASE } from "../../tests/stories/relay.ts";
import type { Bench } from "./bench.ts";
import { startGlossond, usernameOf } from "./glossond.ts";
import { LoadProcess } from "./load_process.ts";
import { startPeer, type Target } from "./peers.ts";
import type { Usage } from "./usage.ts";

/** How many are open when memory is read. */
const COUNTS = { full: [1_000, 4_000], quick: [250, 1_000] } as const;

/** Opened before the first reading, so that code, pools and room for young objects are there. */
const WARM_UP = 300;

/** Users whose visitors the pairs are of: each may have a share of the places only. */
const USERS = 8;

/** Time for garbage and buffers of the opening to go. */
const SETTLE_MS = 3_000;

/** Memory and descriptors of idle connections: clients online, and visitors joined to one. */
export async function memory(bench: Bench): Promise<void> {
  await idleClients(bench);
  await idlePairs(bench);
}

async function idleClients(bench: Bench): Promise<void> {
  const counts = bench.quick ? COUNTS.quick : COUNTS.full;
  const most = counts.at(-1)!;
  await using stack = new AsyncDisposableStack();
  const glossond = stack.use(
    await startGlossond({
      users: most + WARM_UP,
      settings: { MAX_VISITORS: "100", MAX_PARKED: "100", MAX_HELLOS: "100" },
    }),
  );
  const load = stack.use(new LoadProcess("clients.ts"));
  const target = glossond.target("glossond");
  await grow(bench, target, "client online", counts, async (from, to) => {
    const memberships = Array.from(
      { length: to - from },
      (_, i) => glossond.membership(from + i, 0),
    );
    await load.call("online", memberships);
  });
}

async function idlePairs(bench: Bench): Promise<void> {
  const counts = bench.quick ? COUNTS.quick : COUNTS.full;
  await using stack = new AsyncDisposableStack();
  const origin = stack.use(new LoadProcess("flights.ts"));
  const client = stack.use(new LoadProcess("flights.ts"));
  const { port } = await origin.call<{ port: number }>("listen");
  const glossond = stack.use(
    await startGlossond({
      users: USERS,
      settings: {
        MAX_VISITORS_PER_USER: "8000",
        MAX_VISITORS: "6000",
        MAX_HELLOS: "500",
        MAX_PAGES: "50",
        MAX_CLIENTS: "100",
        MAX_PARKED: "100",
      },
    }),
  );
  for (let user = 0; user < USERS; user++) {
    await client.call("online", glossond.membership(user, 4));
  }
  const targets = [glossond.target("glossond")];
  for (const peer of bench.peers) targets.push(stack.use(await startPeer(peer, port, BASE)));
  for (const target of targets) {
    await using visitor = new LoadProcess("flights.ts");
    const hostnames = Array.from({ length: USERS }, (_, user) => `${usernameOf(user)}.${BASE}`);
    await bench.mayFail(
      target.name,
      () =>
        grow(bench, target, "idle joined pair", counts, async (from, to) => {
          await visitor.call("hold", { port: target.port, hostnames, count: to - from });
        }),
    );
  }
}

/** Opens more and more and tells what each costs above the state before. */
async function grow(
  bench: Bench,
  target: Target,
  what: string,
  counts: readonly number[],
  open: (from: number, to: number) => Promise<void>,
): Promise<void> {
  await open(0, WARM_UP);
  const before = await settled(target);
  for (let i = 0, opened = 0; i < counts.length; i++) {
    const count = counts[i]!;
    bench.tell(`memory, ${count} of ${what}: ${target.name}`);
    await open(WARM_UP + opened, WARM_UP + count);
    opened = count;
    const after = await settled(target);
    bench.add({
      section: "memory",
      target: target.name,
      case: `${what}, ${count}`,
      values: {
        rssKbEach: (after.rssBytes - before.rssBytes) / count / 1000,
        descriptorsEach: (after.descriptors - before.descriptors) / count,
        rssMbInAll: after.rssBytes / 1e6,
      },
    });
  }
}

async function settled(target: Target): Promise<Usage> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  return target.usage();
}
