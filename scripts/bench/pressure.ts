import { sleep } from "../../lib/net/pause.ts";
import { BASE } from "../../tests/stories/relay.ts";
import type { Bench } from "./bench.ts";
import { startGlossond, usernameOf } from "./glossond.ts";
import { LoadProcess } from "./load_process.ts";

/** What the slow reader takes. */
const BYTES_PER_SECOND = 24e6;

/** Pairs of the burst, and what each loads. */
const BURST = { full: 4_000, quick: 500, mebibytes: 2 } as const;

/** Users whose visitors they are. */
const USERS = 40;

/** Time for memory to settle. */
const SETTLE_MS = 5_000;

/** Time after which V8, with nothing to do, has given back what a burst left. */
const AFTER_BURST_MS = 20_000;

/** What slow readers and bursts do to the relay's memory. */
export async function pressure(bench: Bench): Promise<void> {
  await slowReader(bench);
  await burst(bench);
}

async function slowReader(bench: Bench): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const glossond = stack.use(await startGlossond({ users: 1 }));
  const client = stack.use(new LoadProcess("bulk.ts"));
  const visitor = stack.use(new LoadProcess("bulk.ts"));
  const target = glossond.target("glossond");
  await client.call("online", glossond.membership(0, 4));
  const way = { port: target.port, hostname: `${usernameOf(0)}.${BASE}` };
  // Once at full speed: the pool of buffers is not what is asked for here.
  await visitor.call("run", { ...way, streams: 1, order: { kind: "down", bytes: 1e9 } });
  await sleep(SETTLE_MS);
  bench.tell("pressure: a reader at 24 MB/s");
  const before = target.usage().rssBytes;
  let most = before;
  const timer = setInterval(() => most = Math.max(most, target.usage().rssBytes), 100);
  const seconds = bench.quick ? 5 : 20;
  await visitor.call("slow", { ...way, bytesPerSecond: BYTES_PER_SECOND, seconds });
  clearInterval(timer);
  bench.add({
    section: "pressure",
    target: "glossond",
    case: "reader at 24 MB/s, sender at full speed",
    values: { rssMbBefore: before / 1e6, rssMbAfter: most / 1e6, grownMb: (most - before) / 1e6 },
  });
}

async function burst(bench: Bench): Promise<void> {
  const count = bench.quick ? BURST.quick : BURST.full;
  await using stack = new AsyncDisposableStack();
  const glossond = stack.use(
    await startGlossond({
      users: USERS,
      settings: {
        MAX_VISITORS: String(count + 400),
        MAX_CLIENTS: String(USERS),
        MAX_HELLOS: "500",
        MAX_PAGES: "50",
        MAX_PARKED: "500",
      },
    }),
  );
  const client = stack.use(new LoadProcess("flights.ts"));
  const visitor = stack.use(new LoadProcess("flights.ts"));
  for (let user = 0; user < USERS; user++) {
    await client.call("online", glossond.membership(user, 4));
  }
  const target = glossond.target("glossond");
  const hostnames = Array.from({ length: USERS }, (_, user) => `${usernameOf(user)}.${BASE}`);
  bench.tell(`pressure: ${count} streams at once`);
  await visitor.call("hold", { port: target.port, hostnames, count });
  await sleep(SETTLE_MS);
  const before = target.usage().rssBytes;
  let most = before;
  const timer = setInterval(() => most = Math.max(most, target.usage().rssBytes), 200);
  await visitor.call("burst", { mebibytes: BURST.mebibytes });
  clearInterval(timer);
  await sleep(AFTER_BURST_MS);
  const after = target.usage().rssBytes;
  bench.add({
    section: "pressure",
    target: "glossond",
    case: `${count} streams at once, then idle`,
    values: {
      rssMbBefore: before / 1e6,
      rssMbDuring: most / 1e6,
      rssMbAfter: after / 1e6,
      grownShare: after / before - 1,
    },
  });
}
