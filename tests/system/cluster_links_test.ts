import assert from "node:assert/strict";
import { AS_SERVED } from "../../scripts/bench/glossond.ts";
import { LoadProcess } from "../../scripts/bench/load_process.ts";
import { openNamespaces, type Place } from "../../scripts/bench/namespaces.ts";
import { comeFirst } from "../../scripts/bench/priority.ts";
import { roundTripsAdded } from "../../scripts/bench/round_trips.ts";
import { processTree } from "../../scripts/bench/usage.ts";
import { must } from "../../scripts/run.ts";
import type { StatusReport } from "../../lib/admin/status.ts";
import { WARM_POOL } from "../../lib/cluster/remote_sessions.ts";
import { selfSignedIdentity } from "../../lib/pki/self_signed.ts";
import { parsePostgresUrl } from "../../lib/wire/postgres_url.ts";
import { until } from "../certificate/helpers.ts";
import { glossond } from "../stories/admin_command.ts";
import { BASE, type Relay } from "../stories/relay.ts";
import { startCluster } from "./cluster/relays.ts";
import { seedPostgres } from "./postgres/stores.ts";
import { PostgresServer } from "./postgres/server.ts";

/** Users whose first visitor comes to the relay that is not their own: how long that takes. */
const ELSEWHERE = ["river", "simon", "zoe"];

/** One who keeps connections parked, and one who keeps none. */
const [PARKED, DIALLED] = ["kaylee", "inara"] as const;

/** Where the database is reached. */
const DATABASE_PORT = 5432;

/** Visits a way, and connections that a client keeps parked for them: as many as {@linkcode WARM_POOL}. */
const [COUNT, POOL] = [4, 4];

/** What a relay tells of itself. */
async function statusOf({ stateDir }: Relay): Promise<StatusReport> {
  const { code, stdout, text } = await glossond(stateDir, "status", "--json");
  assert.equal(code, 0, text);
  return JSON.parse(stdout);
}

/** Waits until so many connections have come to a relay's data port: none but parked ones stay. */
async function untilParked({ namespace }: Place, { ports }: Relay, count: number): Promise<void> {
  const ss = ["ss", "-Htn", "state", "established", `sport = :${ports.data}`];
  await until(
    async () => {
      const text = await must("ip", ["netns", "exec", namespace, ...ss]);
      return text.split("\n").filter(Boolean).length === count;
    },
    `${count} connections are parked`,
    30_000,
  );
}

Deno.test("a visitor at another relay pays one hop over the database once, then nothing", async () => {
  await using stack = new AsyncDisposableStack();
  const parties = ["visitor", "home", "other", "client", "database"] as const;
  const control = `relay.${BASE}`;
  const { places } = stack.use(await openNamespaces(parties, { [control]: "home" }));
  const server = stack.use(await PostgresServer.start());
  const cluster = stack.use(
    await startCluster(["home", "other"], {
      database: server,
      launcher: (id) => ["ip", "netns", "exec", places[id as "home"].namespace, ...AS_SERVED],
      settings: (id) => ({
        ...{ HUB_HOST: "0.0.0.0", DATA_HOST: "0.0.0.0", CONTROL_HOST: "0.0.0.0" },
        PUBLIC_DATA_HOST: places[id as "home"].address,
      }),
      async urlOf(socketUrl) {
        const way = stack.use(
          new LoadProcess("forward.ts", { namespace: places.database.namespace }),
        );
        const path = `${server.folder}/.s.PGSQL.${server.port}`;
        await way.call("open", { port: DATABASE_PORT, path });
        const { user, database } = parsePostgresUrl(socketUrl);
        const { address } = places.database;
        return `postgres://${user}@${address}:${DATABASE_PORT}/${database}?sslmode=disable`;
      },
    }),
  );
  const { home, other } = cluster.all;
  const usernames = [PARKED, DIALLED, ...ELSEWHERE];
  const tokens = await seedPostgres(cluster.url, usernames);
  const pair = await selfSignedIdentity(usernames.map((name) => `${name}.${BASE}`), Date.now());
  const client = stack.use(new LoadProcess("tls.ts", { namespace: places.client.namespace }));
  const { port } = await client.call<{ port: number }>("listen", { ...pair, host: "0.0.0.0" });
  for (const [i, username] of usernames.entries()) {
    const membership = {
      ...{ username, token: tokens[i]!, host: control, resolves: true, ca: home!.ca },
      ...{ controlPort: home!.ports.control!, dataPort: home!.ports.data! },
      pool: username === DIALLED ? 0 : POOL,
    };
    await client.call("online", { ...pair, membership });
  }
  const visitor = stack.use(new LoadProcess("tls.ts", { namespace: places.visitor.namespace }));
  const visits = async (
    host: string,
    port: number,
    username: string,
    count: number,
  ): Promise<number[]> => {
    const hostname = `${username}.${BASE}`;
    const run = { host, port, hostname, ca: pair.cert, count, pauseMs: 0 };
    return (await visitor.call<{ times: number[] }>("sequence", run)).times;
  };
  const at = (id: "home" | "other", name: string, count: number) =>
    visits(places[id].address, cluster.all[id]!.ports.hub!, name, count);

  await until(
    async () => (await statusOf(other!)).cluster?.elsewhere === usernames.length,
    "the other relay knows who is at the first",
    30_000,
  );
  await untilParked(places.home, home!, POOL * (1 + ELSEWHERE.length));
  const isPrompt = await comeFirst(processTree(Deno.pid).filter((pid) => pid !== Deno.pid));
  const direct = await visits(places.client.address, port, PARKED, COUNT);
  const parked = await at("home", PARKED, COUNT);
  const dialled = await at("home", DIALLED, COUNT);
  const first: number[] = [];
  const later: number[] = [];
  for (const username of ELSEWHERE) first.push(...await at("other", username, 1));
  await untilParked(places.other, other!, WARM_POOL * ELSEWHERE.length);
  for (const username of ELSEWHERE) later.push(...await at("other", username, COUNT - 1));

  // How each met the client is counted, whatever time it took.
  const joins = await Promise.all([home!, other!].map(async (relay) => {
    return (await statusOf(relay)).visitors.joins;
  }));
  assert.deepEqual(joins, [
    { parked: COUNT, dialled: COUNT, replaced: 0 },
    { parked: ELSEWHERE.length * (COUNT - 1), dialled: ELSEWHERE.length, replaced: 0 },
  ]);
  // Others who use the processor only ever add time: what is least has the waits for answers, and little else.
  const directMs = Math.min(...direct);
  const found = Object.fromEntries(
    Object.entries({ parked, dialled, first, later }).map(([name, times]) => [
      name,
      Number(roundTripsAdded(Math.min(...times), directMs).toFixed(2)),
    ]),
  );
  const text = JSON.stringify({ roundTripMs: Math.round(directMs / 3), isPrompt, ...found });
  Deno.stderr.writeSync(new TextEncoder().encode(`${text}\n`));
  assert.ok(directMs >= 3 * 40, text);
  // Else it would be the wait for the processor that is judged.
  if (!isPrompt) return;
  assert.ok(found.parked! < 0.5, text);
  assert.ok(found.dialled! < 2.5, text);
  assert.ok(found.first! < found.dialled! + 1.5, text);
  assert.ok(found.later! < 0.5, text);
});
