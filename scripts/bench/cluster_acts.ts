import { sleep } from "../../lib/net/pause.ts";
import { openPostgres } from "../../lib/store/postgres/open.ts";
import { parsePostgresUrl } from "../../lib/wire/postgres_url.ts";
import { BASE } from "../../tests/stories/relay.ts";
import { startCluster } from "../../tests/system/cluster/relays.ts";
import { PostgresServer } from "../../tests/system/postgres/server.ts";
import { seedPostgres } from "../../tests/system/postgres/stores.ts";
import type { Bench } from "./bench.ts";
import { DatabaseMeter, prepareMeter } from "./database_meter.ts";
import { AS_SERVED, usernameOf } from "./glossond.ts";
import { LoadProcess } from "./load_process.ts";
import { until } from "./until.ts";

/** How long nothing happens, to see what that costs, milliseconds. */
const IDLE_MS = 10_000;

/** How long it may take until all is written, seconds. */
const WRITTEN_S = 60;

/** What each act of users writes into the database that two relays share. */
export async function acts(bench: Bench): Promise<void> {
  const users = bench.quick ? 100 : 500;
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await PostgresServer.start());
  await prepareMeter(database);
  const cluster = stack.use(
    await startCluster(["a", "b"], { database, launcher: () => AS_SERVED }),
  );
  const { ports, ca } = cluster.all.a!;
  const usernames = Array.from({ length: users }, (_, i) => usernameOf(i));
  const tokens = await seedPostgres(cluster.url, usernames);
  const meter = await DatabaseMeter.open(database, cluster.url);
  const { database: name } = parsePostgresUrl(cluster.url);

  /** Until so many rows of a table are as they are to be. */
  async function written(what: string): Promise<void> {
    await until(async () => {
      const count = Number(await database.psql(`SELECT count(*) FROM ${what}`, name));
      return count < users ? `${count} of ${users} are written: ${what}` : undefined;
    }, WRITTEN_S);
  }

  let idle = { walBytes: 0, statements: 0 };

  async function measure(kind: string, act: () => Promise<unknown>, each = users): Promise<void> {
    bench.tell(`cluster: ${kind}`);
    await meter.read();
    await act();
    const { seconds, statements, rowsWritten, walBytes, cpuSeconds } = await meter.read();
    bench.add({
      section: "cluster: what is written",
      target: "2 relays",
      case: kind,
      values: {
        walBytesEach: (walBytes - idle.walBytes * seconds) / each,
        rowsEach: rowsWritten / each,
        statementsEach: (statements - idle.statements * seconds) / each,
        databaseCpuMsEach: cpuSeconds * 1000 / each,
      },
    });
    if (kind === "a second of a relay") {
      idle = { walBytes: walBytes / seconds, statements: statements / seconds };
    }
  }

  // The first change to a page after a checkpoint has the whole page in the log; here as in the long run.
  await measure("a second of a relay", () => sleep(IDLE_MS), 2 * IDLE_MS / 1000);
  const members = stack.use(new LoadProcess("flights.ts"));
  await measure("a user comes online", async () => {
    await members.call("members", {
      memberships: usernames.map((username, i) => ({
        ...{ username, token: tokens[i]!, ca, pool: 0 },
        ...{ controlPort: ports.control!, dataPort: ports.data! },
      })),
    });
    await written("presence WHERE state = 'online'");
    await written("account WHERE left_at = 0");
  });
  const visitors = stack.use(new LoadProcess("flights.ts"));
  await measure("a visit, one of each user's in 10 s", async () => {
    const hostnames = usernames.map((username) => `${username}.${BASE}`);
    await visitors.call("hold", { port: ports.hub!, hostnames, count: users });
    await visitors.call("release");
    await written("user_figure WHERE visitors = 1 AND bytes_to_visitors > 0");
  });
  const store = await openPostgres({ address: parsePostgresUrl(cluster.url) });
  stack.defer(() => store.close());
  await measure("5 minutes of a user who stays", async () => {
    const at = Date.now();
    await store.onlineTimes.markSeen(new Map(usernames.map((username) => [username, { at }])));
  });
  await measure("a user leaves", async () => {
    await members[Symbol.asyncDispose]();
    await written("presence WHERE state = 'left'");
    await written("account WHERE left_at > 0");
  });
}
