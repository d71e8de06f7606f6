/** Has relays take each other's place, or start again, under load; see `--help`. */

// deno-lint-ignore-file no-console -- a script tells its terminal
import { sleep } from "../lib/net/pause.ts";
import { BASE, type Relay, startAgain, startRelay } from "../tests/stories/relay.ts";
import { frontPorts, startHaproxy } from "../tests/system/deploy/front.ts";
import { AS_SERVED, startGlossond, usernameOf } from "./bench/glossond.ts";
import { type Lateness, latestSince } from "./bench/lateness.ts";
import { readCommandLine, refuse, wholeNumber } from "./command_line.ts";
import { Crowd } from "./crowd.ts";

const HELP = `Has relays take each other's place under load, and tells what visitors noticed.

Usage: deno run -A scripts/takeovers.ts [--count N] [--clients N] [--visits N] [--streams N]
                                        [--row N] [--restart SIGNAL] [--haproxy] [--late N] [--json]

Every visit is to a user who is online; each must get the user's page. Streams that are open when a
relay is taken the place of must go on. All clients must be back within 30 s, and the event loop must
not be late meanwhile by its own doing, which waiting for a processor is not. Connections that the kernel has not handed to the old relay yet are lost where
net.ipv4.tcp_migrate_req is 0; so that of this machine stays as it is, run it in a network of its own, as
root:

  unshare --net sh -c 'ip link set lo up; sysctl -qw net.ipv4.tcp_migrate_req=1
    exec deno run -A scripts/takeovers.ts'

  --count N         hand-overs in a row (50)
  --clients N       users online (200)
  --visits N        visits a second (50)
  --streams N       streams open at each hand-over (20)
  --row N           relays that take each other's place at each hand-over, as soon as the one before is ready (1)
  --restart SIGNAL  end the relay by SIGTERM or SIGKILL and start it again instead, as systemctl restart
                    does; visitors who come while no relay listens are no failures, nor are those whom SIGKILL
                    breaks off, up to as many as come in a tenth of a second at each
  --haproxy         behind Debian's HAProxy with examples/haproxy.cfg, which holds visitors meanwhile
  --late N          how late the event loop may be, milliseconds (250), without its waits for a processor
  --json            the result as JSON on standard output

Exit: 0 nobody noticed, 1 somebody did, 2 the command line is wrong.
`;

/** Time before each hand-over, milliseconds: by then it is written who is online, which a crash takes else. */
const BEFORE_MS = 1_000;

/** How long an old relay keeps its streams, seconds: longer than they last. */
const DRAIN_SECONDS = 20;

/** Connections that each client keeps parked. */
const POOL = 2;

/** How long clients may take to be back, milliseconds. */
const MOST_BACK_MS = 30_000;

/** How often it is looked whether clients are back, milliseconds. */
const LOOK_MS = 500;

/** Of how many seconds' visitors SIGKILL may break off what it finds. */
const BROKEN_OFF_S = 0.1;

/** How a relay can be ended to be started again. */
const ENDINGS = ["SIGTERM", "SIGKILL"] as const;

const { values } = readCommandLine(HELP, {
  options: {
    count: { type: "string", default: "50" },
    clients: { type: "string", default: "200" },
    visits: { type: "string", default: "50" },
    streams: { type: "string", default: "20" },
    row: { type: "string", default: "1" },
    restart: { type: "string" },
    haproxy: { type: "boolean", default: false },
    late: { type: "string", default: "250" },
    json: { type: "boolean", default: false },
  },
});
const number = (option: "count" | "clients" | "visits" | "streams" | "row" | "late"): number =>
  wholeNumber(option, values[option]);
const [count, clients, perSecond, streams, row, mostLateMs] = [
  number("count"),
  number("clients"),
  number("visits"),
  number("streams"),
  number("row"),
  number("late"),
];
const restart = ENDINGS.find((signal) => signal === values.restart);
if (values.restart !== restart) {
  refuse(`--restart takes ${ENDINGS.join(" or ")}, not ${values.restart}`);
}
const [change, changes] = restart === undefined
  ? ["hand-over", "hand-overs"]
  : [`restart by ${restart}`, `restarts by ${restart}`];

await using stack = new AsyncDisposableStack();
const front = values.haproxy ? frontPorts() : undefined;
const settings: Record<string, string> = {
  DRAIN_SECONDS: `${DRAIN_SECONDS}`,
  LOG_LEVEL: "info",
  // What clients need of the descriptors; others make do with what is left.
  MAX_CLIENTS: `${clients}`,
  MAX_PARKED: `${clients * POOL}`,
  MAX_VISITORS: "1000",
  MAX_HELLOS: "1000",
  MAX_PAGES: "50",
  MAX_DATA_SOCKETS: "10",
  ...(front && { PROXY_PROTOCOL_FROM: "127.0.0.1", PUBLIC_PORT: `${front.tls}` }),
};
const folder = await Deno.makeTempDir({ prefix: "glossond-takeovers-" });
stack.defer(() => Deno.remove(folder, { recursive: true }));
const watched = {
  launcher: ["env", `LATENESS_FOLDER=${folder}`, ...AS_SERVED],
  preload: new URL("./bench/lateness.ts", import.meta.url).pathname,
};
const glossond = stack.use(await startGlossond({ users: clients, settings, ...watched }));
const { dir, ports: { hub = 0, control = 0 } } = glossond.relay;
if (front) stack.use(await startHaproxy({ dir, base: BASE, ports: front, hub, control }));
const hostnames = Array.from({ length: clients }, (_, i) => `${usernameOf(i)}.${BASE}`);
const crowd = stack.use(new Crowd({ port: front?.tls ?? hub, hostnames }));
await crowd.comeOnline(hostnames.map((_, i) => ({
  ...glossond.membership(i, POOL),
  ...(front && { host: `relay.${BASE}`, controlPort: front.tls }),
})));

/** Relays whose places were taken at once. */
const passing: Relay[] = [];

/** The relay that comes after; streams that the old one carries go on. */
async function next(old: Relay): Promise<Relay> {
  const options = { dir, settings, ...watched };
  await crowd.openStreams(streams);
  if (restart === undefined) {
    for (let i = 1; i < row; i++) {
      const relay = await startRelay({ ...options, takeover: true });
      stack.defer(() => relay.stop().then(() => {}));
      passing.push(relay);
    }
    const relay = await startRelay({ ...options, takeover: true });
    await crowd.useStreams();
    return relay;
  }
  const stopped = old.stop(restart);
  if (restart === "SIGTERM") await crowd.useStreams();
  else await crowd.dropStreams();
  await stopped;
  return await startAgain(old, options);
}

/** Waits until all clients are back; how long they took, and how late the event loop was, milliseconds. */
async function settle(relay: Relay, leftAt: number): Promise<Lateness & { backMs: number }> {
  const [startedAt, since] = [performance.now(), Date.now()];
  for (;;) {
    await sleep(LOOK_MS);
    const agoMs = await crowd.onlineSince();
    const now = performance.now();
    const areBack = Math.max(...agoMs) < now - leftAt;
    if (!areBack && now - startedAt <= 2 * MOST_BACK_MS) continue;
    const backMs = areBack ? now - Math.min(...agoMs) - startedAt : Infinity;
    return { backMs, ...latestSince(folder, relay.pid, since) };
  }
}

function lateness({ lateMs, ownMs }: Lateness): string {
  return `${Math.round(lateMs)} ms late, ${Math.round(ownMs)} ms of it not for want of a processor`;
}

crowd.beginVisits(perSecond);
const relays = [glossond.relay];
const most = { backMs: 0, lateMs: 0, ownMs: 0 };
for (let i = 1; i <= count; i++) {
  await sleep(BEFORE_MS);
  const leftAt = performance.now();
  const relay = await next(relays.at(-1)!);
  stack.defer(() => relay.stop().then(() => {}));
  relays.push(relay);
  const settled = await settle(relay, leftAt);
  for (const figure of ["backMs", "lateMs", "ownMs"] as const) {
    most[figure] = Math.max(most[figure], settled[figure]);
  }
  console.error(
    `${change} ${i} of ${count}, ${crowd.visits} visits, ${crowd.failed} failures${
      crowd.failed === 0 ? "" : ` ${JSON.stringify(Object.fromEntries(crowd.failures))}`
    }, all back after ${Math.round(settled.backMs)} ms, event loop at most ${lateness(settled)}`,
  );
}
await crowd.endVisits();
// Each but the last has ended by itself.
await Promise.all([...relays.slice(0, -1), ...passing].map(({ readerGone }) => readerGone));

// Between two that nothing holds visitors for.
const refused = restart !== undefined && !values.haproxy ? crowd.forgive(/refused/) : 0;
// Nobody can end these: the kernel closes what the process had.
const brokenOff = restart === "SIGKILL" ? crowd.forgive(/reset|early/) : 0;
if (brokenOff > count * perSecond * BROKEN_OFF_S) crowd.note("visits broken off", brokenOff);
if (most.backMs > MOST_BACK_MS) crowd.note("clients came back late");
if (most.ownMs > mostLateMs) crowd.note("the event loop was late");
const { visits, slowestMs, failures } = crowd;
const result = {
  ...{ changes, count, visits, refused, brokenOff, slowestMs, ...most },
  failures: Object.fromEntries(failures),
};
console.log(
  values.json
    ? JSON.stringify(result)
    : `${count} ${changes}, ${visits} visits (${refused} while no relay listened, ${brokenOff} broken off by SIGKILL), ${
      count * streams
    } streams; ${
      failures.size === 0 ? "nobody noticed" : JSON.stringify(result.failures)
    }; the slowest p99 of two seconds was ${
      slowestMs.toFixed(0)
    } ms, all clients were back within ${most.backMs.toFixed(0)} ms, the event loop was at most ${
      lateness(most)
    }`,
);
await stack.disposeAsync();
Deno.exit(failures.size === 0 ? 0 : 1);
