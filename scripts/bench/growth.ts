import { sleep } from "../../lib/net/pause.ts";
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
import { startPeer, type Target } from "./peers.ts";
import type { Row } from "./table.ts";
import { type Panel, plot } from "./plot.ts";

/** How many clients are online, and visitors joined, when it is looked. */
const COUNTS = {
  clients: { full: [100, 1_000, 5_000, 10_000], quick: [10, 100] },
  visitors: { full: [1, 10, 100, 1_000, 4_000], quick: [1, 100] },
} as const;

/** Clients that the descriptors of one process allow, three each of 20,000. */
const MOST_CLIENTS_OF_PROCESS = 5_000;

/** Users whose visitors those that stay are of, and who come besides: each may have a share of the places only. */
const USERS = 8;

/** New visitors a second while it is measured, and for how long. */
const VISITS = { full: { perSecond: 200, seconds: 3 }, quick: { perSecond: 200, seconds: 2 } };

/** Visits before those that count, and how many of them at once: as many as the client has parked. */
const WARM_UP_VISITS = 4_000;
const AT_ONCE = 8;

/** Time for garbage and buffers of the opening to go. */
const SETTLE_MS = 2_000;

/** Peers that are measured as they come, each the best known of its kind. */
const PEERS = ["haproxy default", "nginx 16k"];

/** What there is more and more of. */
type Counted = keyof typeof COUNTS;

/** What is shown of each, by the name of its value. */
const SHOWN = {
  rssMb: "memory, MB",
  cpuPercent: "CPU, % of a core",
  p99Ms: "p99 of new visits, ms",
};

/** What memory, CPU and new visitors' p99 come to as clients and visitors become more. */
export async function growth(bench: Bench): Promise<void> {
  await withVisitors(bench);
  const counts = COUNTS.clients[bench.quick ? "quick" : "full"];
  const few = counts.filter((count) => count <= MOST_CLIENTS_OF_PROCESS);
  await withClients(bench, "glossond", few, 1, startGlossond);
  await withClients(bench, TWO_PROCESSES, counts, 2, startTwoProcesses);
}

async function withVisitors(bench: Bench): Promise<void> {
  const counts = COUNTS.visitors[bench.quick ? "quick" : "full"];
  await using stack = new AsyncDisposableStack();
  const origin = stack.use(new LoadProcess("flights.ts"));
  const client = stack.use(new LoadProcess("flights.ts"));
  const { port } = await origin.call<{ port: number }>("listen");
  const most = counts.at(-1)!;
  const glossond = stack.use(
    await startGlossond({
      users: USERS,
      settings: {
        ...{ MAX_VISITORS: `${most + 2_000}`, MAX_VISITORS_PER_USER: `${most + 2_000}` },
        ...{ MAX_HELLOS: "500", MAX_CLIENTS: "100", MAX_PARKED: "500", MAX_PAGES: "50" },
      },
    }),
  );
  for (let user = 0; user < USERS; user++) {
    await client.call("online", glossond.membership(user, 16));
  }
  const targets = [glossond.target("glossond")];
  for (const peer of bench.peers) {
    if (PEERS.includes(peer.name)) targets.push(stack.use(await startPeer(peer, port, BASE)));
  }
  const hostnames = Array.from({ length: USERS }, (_, user) => `${usernameOf(user)}.${BASE}`);
  for (const target of targets) {
    await using holder = new LoadProcess("flights.ts");
    await bench.mayFail(target.name, async () => {
      await warmUp(target, hostnames);
      let held = 0;
      for (const count of counts) {
        bench.tell(`growth, ${count} visitors: ${target.name}`);
        await holder.call("hold", { port: target.port, hostnames, count: count - held });
        held = count;
        await look(bench, target, "visitors", count, hostnames);
      }
    });
  }
}

async function withClients(
  bench: Bench,
  name: string,
  counts: readonly number[],
  processes: number,
  start: (
    options: { users: number; settings: Record<string, string> },
  ) => Promise<Glossond | undefined>,
): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const most = counts.at(-1)!;
  // Few places for all else, and some more than one's share: the system shares connections out at random.
  const started = await start({
    users: most + USERS,
    settings: {
      ...{ MAX_CLIENTS: `${most / processes + 200}`, MAX_VISITORS: "100", MAX_PARKED: "200" },
      ...{ MAX_HELLOS: "200", MAX_PAGES: "10", MAX_DATA_SOCKETS: "10" },
    },
  });
  if (started === undefined) return bench.tell(`growth: ${name} left out, it takes PostgreSQL`);
  const glossond = stack.use(started);
  const serving = stack.use(new LoadProcess("flights.ts"));
  const idle = stack.use(new LoadProcess("clients.ts"));
  for (let user = 0; user < USERS; user++) {
    await serving.call("online", glossond.membership(user, 16));
  }
  const hostnames = Array.from({ length: USERS }, (_, user) => `${usernameOf(user)}.${BASE}`);
  const target = glossond.target(name);
  await warmUp(target, hostnames);
  let online = 0;
  for (const count of counts) {
    bench.tell(`growth, ${count} clients: ${name}`);
    await idle.call(
      "online",
      Array.from({ length: count - online }, (_, i) => glossond.membership(USERS + online + i, 0)),
    );
    online = count;
    await look(bench, target, "clients", count, hostnames);
  }
}

/** Has visits made before those that count: a relay runs for weeks, its compilers for seconds. */
async function warmUp({ port }: Target, [hostname = ""]: string[]): Promise<void> {
  await using visitor = new LoadProcess("flights.ts");
  await visitor.call("visits", { port, hostname, count: WARM_UP_VISITS, atOnce: AT_ONCE });
}

/** Measures a relay with so many of something while new visitors come. */
async function look(
  bench: Bench,
  target: Target,
  counted: Counted,
  count: number,
  hostnames: string[],
): Promise<void> {
  await using visitor = new LoadProcess("flights.ts");
  const { perSecond, seconds } = VISITS[bench.quick ? "quick" : "full"];
  await sleep(SETTLE_MS);
  const before = target.usage();
  const run = { port: target.port, hostnames, perSecond, seconds };
  const { p99, failures } = await visitor.call<
    { p99: number; failures: Record<string, number> }
  >("rate", run);
  for (const [message, times] of Object.entries(failures)) {
    throw new Error(`${times} of ${perSecond * seconds} visits failed: ${message}`);
  }
  const cpuSeconds = target.usage().cpuSeconds - before.cpuSeconds;
  bench.add({
    section: "growth",
    target: target.name,
    case: `${count} ${counted}`,
    values: {
      [counted]: count,
      rssMb: before.rssBytes / 1e6,
      cpuPercent: cpuSeconds / seconds * 100,
      p99Ms: p99,
    },
  });
}

/** The results as a picture, or undefined where there are none. */
export function growthPlot(rows: readonly Row[]): string | undefined {
  const own = rows.filter(({ section }) => section === "growth");
  if (own.length === 0) return undefined;
  const kinds = (Object.keys(COUNTS) as Counted[])
    .filter((counted) => own.some(({ values }) => values[counted] !== undefined));
  const panels = Object.entries(SHOWN).flatMap(([value, y]) =>
    kinds.map((counted): Panel => {
      const of = own.filter(({ values }) => values[counted] !== undefined);
      return {
        title: y,
        x: counted === "clients" ? "clients online" : "visitors joined",
        lines: [...new Set(of.map(({ target }) => target))].map((name) => ({
          name,
          points: of.filter(({ target }) => target === name)
            .map(({ values }) => ({ x: values[counted]!, y: values[value]! })),
        })),
      };
    })
  );
  const { perSecond } = VISITS.full;
  return plot(`How cost grows, with ${perSecond} new visits a second`, panels, kinds.length);
}
