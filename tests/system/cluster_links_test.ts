import assert from "node:assert/strict";
import { AS_SERVED } from "../../scripts/bench/glossond.ts";
import { LoadProcess } from "../../scripts/bench/load_process.ts";
import { openNamespaces } from "../../scripts/bench/namespaces.ts";
import { median } from "../../scripts/bench/numbers.ts";
import { roundTripsAdded } from "../../scripts/bench/round_trips.ts";
import { selfSignedIdentity } from "../../lib/pki/self_signed.ts";
import { parsePostgresUrl } from "../../lib/wire/postgres_url.ts";
import { BASE } from "../stories/relay.ts";
import { startCluster } from "./cluster/relays.ts";
import { seedPostgres } from "./postgres/stores.ts";
import { PostgresServer } from "./postgres/server.ts";

/** Users whose first visitor comes to the relay that is not their own: what a median is taken of. */
const ELSEWHERE = ["river", "simon", "zoe"];

/** One who keeps connections parked, and one who keeps none. */
const [PARKED, DIALLED] = ["kaylee", "inara"] as const;

/** Where the database is reached. */
const DATABASE_PORT = 5432;

/** Visits of which a median is taken, and the time between them. */
const [COUNT, PAUSE_MS] = [4, 400];

Deno.test("a visitor at another relay pays one hop over the database once, then nothing", async () => {
  await using stack = new AsyncDisposableStack();
  const parties = ["visitor", "home", "other", "client", "database"] as const;
  const control = `relay.${BASE}`;
  const { places } = stack.use(await openNamespaces(parties, { [control]: "home" }));
  const server = await PostgresServer.start();
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
      pool: username === DIALLED ? 0 : 4,
    };
    await client.call("online", { ...pair, membership });
  }
  const visitor = stack.use(new LoadProcess("tls.ts", { namespace: places.visitor.namespace }));
  const visits = async (host: string, port: number, username: string): Promise<number[]> => {
    const hostname = `${username}.${BASE}`;
    const run = { host, port, hostname, ca: pair.cert, count: COUNT, pauseMs: PAUSE_MS };
    return (await visitor.call<{ times: number[] }>("sequence", run)).times;
  };

  const directMs = median(await visits(places.client.address, port, PARKED));
  const added = (times: number[]): number => roundTripsAdded(median(times), directMs);
  const atHome = (name: string) => visits(places.home.address, home!.ports.hub!, name);
  const parked = added(await atHome(PARKED));
  const dialled = added(await atHome(DIALLED));
  const elsewhere = [];
  for (const username of ELSEWHERE) {
    elsewhere.push(await visits(places.other.address, other!.ports.hub!, username));
  }
  const first = added(elsewhere.map(([time]) => time!));
  const later = added(elsewhere.flatMap(([, ...times]) => times));
  const found = { parked, dialled, first, later };
  // A half is what a busy machine may add: what a wait for one more answer adds is whole.
  const told = Object.fromEntries(
    Object.entries(found).map(([name, value]) => [name, Number(value.toFixed(2))]),
  );
  const text = JSON.stringify({ roundTripMs: Math.round(directMs / 3), ...told });
  Deno.stderr.writeSync(new TextEncoder().encode(`${text}\n`));
  assert.ok(directMs >= 3 * 40, text);
  assert.ok(parked < 0.5, text);
  assert.ok(dialled < 2.5, text);
  assert.ok(first < dialled + 1.5, text);
  assert.ok(later < 0.5, text);
});
