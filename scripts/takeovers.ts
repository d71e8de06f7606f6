/** Has relays take each other's place under load; see `--help`. */

// deno-lint-ignore-file no-console -- a script tells its terminal
import { BASE, type Relay, startRelay } from "../tests/stories/relay.ts";
import { AS_SERVED, startGlossond, usernameOf } from "./bench/glossond.ts";
import { LoadProcess } from "./bench/load_process.ts";
import { readCommandLine, wholeNumber } from "./command_line.ts";

const HELP = `Has relays take each other's place under load, and tells what visitors noticed.

Usage: deno run -A scripts/takeovers.ts [--count N] [--clients N] [--visits N] [--json]

Every visit is to a user who is online; each must get the user's page. Streams that are open when a
relay is taken the place of must go on. Fails when one did not. Connections that the kernel has not
handed to the old relay yet are lost where net.ipv4.tcp_migrate_req is 0; so that of this machine stays
as it is, run it in a network of its own, as root:

  unshare --net sh -c 'ip link set lo up; sysctl -qw net.ipv4.tcp_migrate_req=1
    exec deno run -A scripts/takeovers.ts'

  --count N    hand-overs in a row (50)
  --clients N  users online (200)
  --visits N   visits a second (50)
  --streams N  streams open at each hand-over (20)
  --json       the result as JSON on standard output

Exit: 0 nobody noticed, 1 somebody did, 2 the command line is wrong.
`;

/** Time between two hand-overs, milliseconds. */
const BETWEEN_MS = 500;

/** How long an old relay keeps its streams, seconds: longer than they last. */
const DRAIN_SECONDS = 20;

/** Connections that each client keeps parked. */
const POOL = 2;

const SETTINGS = { DRAIN_SECONDS: `${DRAIN_SECONDS}`, LOG_LEVEL: "info" };

const { values } = readCommandLine(HELP, {
  options: {
    count: { type: "string", default: "50" },
    clients: { type: "string", default: "200" },
    visits: { type: "string", default: "50" },
    streams: { type: "string", default: "20" },
    json: { type: "boolean", default: false },
  },
});
const number = (option: "count" | "clients" | "visits" | "streams"): number =>
  wholeNumber(option, values[option]);
const [count, clients, perSecond, streams] = [
  number("count"),
  number("clients"),
  number("visits"),
  number("streams"),
];

await using stack = new AsyncDisposableStack();
const glossond = stack.use(
  await startGlossond({ users: clients, settings: SETTINGS }),
);
const [members, visitors, holders] = ["members", "visitors", "holders"]
  .map(() => stack.use(new LoadProcess("flights.ts"))) as [LoadProcess, LoadProcess, LoadProcess];
const hostnames = Array.from({ length: clients }, (_, i) => `${usernameOf(i)}.${BASE}`);
const way = { port: glossond.relay.ports.hub!, hostnames };
await members.call("members", {
  memberships: hostnames.map((_, i) => glossond.membership(i, POOL)),
});

/** What went wrong, and how often. */
const failures = new Map<string, number>();
let [visited, slowestMs, over] = [0, 0, false];

async function keepVisiting(): Promise<void> {
  while (!over) {
    const result = await visitors.call<{ p99: number; failures: Record<string, number> }>("rate", {
      ...way,
      perSecond,
      seconds: 2,
    });
    visited += 2 * perSecond;
    slowestMs = Math.max(slowestMs, result.p99);
    for (const [why, times] of Object.entries(result.failures)) note(`visit: ${why}`, times);
  }
}

function note(why: string, times = 1): void {
  failures.set(why, (failures.get(why) ?? 0) + times);
}

/** Starts the next relay, and has streams that the old one carries go on. */
async function handOver(old: Relay): Promise<Relay> {
  await holders.call("hold", { ...way, count: streams });
  const relay = await startRelay({
    dir: old.dir,
    takeover: true,
    launcher: AS_SERVED,
    settings: SETTINGS,
  });
  stack.defer(() => relay.stop().then(() => {}));
  await holders.call("burst", { mebibytes: 1 }).catch(({ message }) => note(`stream: ${message}`));
  await holders.call("release");
  return relay;
}

const visiting = keepVisiting();
const relays = [glossond.relay];
for (let i = 1; i <= count; i++) {
  relays.push(await handOver(relays.at(-1)!));
  const wrong = [...failures.values()].reduce((sum, times) => sum + times, 0);
  console.error(`hand-over ${i} of ${count}, ${visited} visits, ${wrong} failures`);
  await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS));
}
over = true;
await visiting;
// Each but the last has ended by itself.
await Promise.all(relays.slice(0, -1).map(({ readerGone }) => readerGone));

const result = {
  handOvers: count,
  visits: visited,
  slowestMs,
  failures: Object.fromEntries(failures),
};
console.log(
  values.json
    ? JSON.stringify(result)
    : `${count} hand-overs, ${visited} visits, ${count * streams} streams; ${
      failures.size === 0 ? "nobody noticed" : JSON.stringify(result.failures)
    }; the slowest p99 of two seconds was ${slowestMs.toFixed(0)} ms`,
);
await stack.disposeAsync();
Deno.exit(failures.size === 0 ? 0 : 1);
