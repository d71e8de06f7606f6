import { BASE } from "../../tests/stories/relay.ts";
import { getCertificate } from "../../tests/stories/user.ts";
import { V8_FLAGS } from "../compile/programs.ts";
import type { Bench } from "./bench.ts";
import { type Glossond, startGlossond } from "./glossond.ts";
import { grow, mostOpen } from "./grow.ts";
import { LoadProcess } from "./load_process.ts";
import { median } from "./numbers.ts";
import { usageOf } from "./usage.ts";

/** Bare servers of WebSockets by where TLS ends, each with its way of `load/tls_end.ts`. */
const BARE = {
  "bare, the runtime's listener": "listener",
  "bare, listener behind a hop": "listenBehindHop",
  "bare, node:tls in place": "listenInPlace",
} as const;

/** Few places for all else, or the descriptors would not be enough for so many clients. */
const SETTINGS = {
  ...{ MAX_VISITORS: "100", MAX_PARKED: "100", MAX_HELLOS: "100" },
  ...{ MAX_PAGES: "50", MAX_DATA_SOCKETS: "50" },
};

/** Opened one at a time, for the time that it takes. */
const TIMED = 100;

/**
 * Memory and descriptors of clients online, and of idle WebSockets at the least servers that this runtime
 * has, by where TLS ends.
 */
export async function clients(bench: Bench): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const glossond = stack.use(
    await startGlossond({
      users: mostOpen(bench),
      settings: SETTINGS,
    }),
  );
  const place = await placeOf(glossond);
  for (const [name, way] of Object.entries(BARE)) {
    if (bench.wants(name)) await bench.mayFail(name, () => bare(bench, name, way, place));
  }
  const load = stack.use(new LoadProcess("clients.ts"));
  await grow(bench, "clients", glossond.target("glossond"), "client online", async (from, to) => {
    const memberships = Array.from(
      { length: to - from },
      (_, i) => glossond.membership(from + i, 0),
    );
    await load.call("online", memberships);
  });
}

/** What bare servers serve with, and their clients trust. */
interface BarePlace {
  hostname: string;
  ca: string;
  pair: { cert: string; key: string };
}

async function placeOf(glossond: Glossond): Promise<BarePlace> {
  const { username, token } = glossond.membership(0, 0);
  const hostname = `${username}.${BASE}`;
  const pair = await getCertificate(glossond.relay, { username, token, hostname });
  return { hostname, ca: glossond.relay.ca, pair };
}

async function bare(
  bench: Bench,
  name: string,
  way: string,
  { pair, ...place }: BarePlace,
): Promise<void> {
  await using server = new LoadProcess("tls_end.ts", { v8Flags: V8_FLAGS });
  await using load = new LoadProcess("tls_clients.ts");
  const { port } = await server.call<{ port: number }>("serve", { way, ...pair });
  const where = { ...place, port };
  const target = { name, usage: () => usageOf([server.pid]) };
  await grow(bench, "clients", target, "idle WebSocket", async (from, to) => {
    await load.call("open", { ...where, count: to - from, atOnce: 20 });
  });
  const timed = { ...where, count: TIMED, atOnce: 1 };
  const { times } = await load.call<{ times: number[] }>("open", timed);
  bench.add({
    section: "clients",
    target: name,
    case: "WebSocket opened",
    values: { p50Ms: median(times) },
  });
}
