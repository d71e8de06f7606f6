import { existsSync } from "node:fs";
import { usernameOf } from "./glossond.ts";
import type { Bench } from "./bench.ts";
import { acts } from "./cluster_acts.ts";
import { map } from "./cluster_map.ts";
import { BOUNDS, MEASURED, MEASURED_LOSS } from "./cluster_measured.ts";
import { breaks, dayOfCommunity, type Loss, lossOfRelay } from "./cluster_model.ts";
import { LoadProcess } from "./load_process.ts";
import { quantile } from "./numbers.ts";
import { storm } from "./storm.ts";
import { DatabaseMeter, prepareMeter } from "./database_meter.ts";
import { openPostgres } from "../../lib/store/postgres/open.ts";
import { parsePostgresUrl } from "../../lib/wire/postgres_url.ts";
import { PostgresServer } from "../../tests/system/postgres/server.ts";

/** Relays that announce at once, and sessions of each write. */
const RELAYS = [2, 4, 8];
const SESSIONS = [1, 100];

/** Clients who lose their relay, and how long they are watched, seconds. */
const STORM = { full: { clients: 5_000, withinS: 40 }, quick: { clients: 500, withinS: 12 } };

/** A large community, and what each of its users does on a day. */
const [MILLION, CLIENTS_PER_RELAY] = [1_000_000, 50_000];
const DAY = { sessions: 4, visits: 10 };

/** What several relays cost a database, and each other; costs as `cluster_model.ts` takes them. */
export async function cluster(bench: Bench): Promise<void> {
  if (!existsSync("/usr/lib/postgresql")) {
    return bench.tell("cluster: skipped, PostgreSQL is not installed");
  }
  await announcements(bench);
  await acts(bench);
  await map(bench);
  const plan = bench.quick ? STORM.quick : STORM.full;
  const found = await storm({ ...plan, tell: bench.tell });
  const { peace, backAfterS, work, relayCpuSeconds, lateMs, bareLateMs } = found;
  bench.add({
    section: "cluster: clients come online",
    target: "glossond",
    case: `${plan.clients} at one relay, in peace`,
    values: {
      relayCpuMsEach: peace.relayCpuSeconds * 1000 / plan.clients,
      clientCpuMsEach: peace.clientCpuSeconds * 1000 / plan.clients,
    },
  });
  bench.add({
    section: "cluster: a relay is lost",
    target: "glossond",
    case: `${backAfterS.length} clients come back at two others`,
    values: {
      backP50S: quantile(backAfterS, 0.5),
      backLastS: Math.max(...backAfterS),
      ...{ lateMs, bareLateMs },
      notificationsPerS: work.notifications / work.seconds,
      statementsPerS: work.statements / work.seconds,
      databaseCpuS: work.cpuSeconds,
      relayCpuMsEach: relayCpuSeconds * 1000 / backAfterS.length,
      walBytesEach: work.walBytes / backAfterS.length,
    },
  });
  predictions(bench);
}

/** What the model makes of what was measured: of a million names, and of what breaks before. */
function predictions(bench: Bench): void {
  const section = "cluster: the model";
  const relays = MILLION / CLIENTS_PER_RELAY;
  const day = dayOfCommunity({ names: MILLION, relays, ...DAY }, MEASURED);
  const kind = `${MILLION} names online at ${relays} relays`;
  bench.add({ section: `${section}, a day`, target: "", case: kind, values: { ...day } });
  const losses: Loss[] = [
    MEASURED_LOSS.loss,
    ...[2, relays - 1].map((left) => ({ clients: CLIENTS_PER_RELAY, left })),
  ];
  for (const loss of losses) {
    const where = loss.machine === undefined ? "" : ", all on one machine";
    const kind = `${loss.clients} clients come to ${loss.left} others${where}`;
    bench.add({
      section: `${section}, a relay is lost`,
      target: "",
      case: kind,
      values: { ...lossOfRelay(loss, MEASURED) },
    });
  }
  const found = breaks({ clientsPerRelay: CLIENTS_PER_RELAY, ...DAY }, MEASURED, BOUNDS);
  for (const { what, names } of found) {
    const kind = `${what} of ${BOUNDS[what]}`;
    bench.add({ section: `${section}, what breaks`, target: "", case: kind, values: { names } });
  }
}

/** How many writes of who is online a database takes from relays that do nothing else. */
async function announcements(bench: Bench): Promise<void> {
  await using server = await PostgresServer.start();
  await prepareMeter(server);
  const url = await server.createDatabase();
  await (await openPostgres({ address: parsePostgresUrl(url) })).close();
  const meter = await DatabaseMeter.open(server, url);
  const seconds = bench.quick ? 2 : 5;
  for (const relays of RELAYS) {
    await using stack = new AsyncDisposableStack();
    const processes = Array.from(
      { length: relays },
      () => stack.use(new LoadProcess("announcer.ts")),
    );
    await Promise.all(processes.map((one, i) => one.call("join", { url, id: usernameOf(i) })));
    for (const atOnce of SESSIONS) {
      bench.tell(`cluster: ${relays} relays, ${atOnce} sessions a write`);
      // As autovacuum does after a minute.
      await server.psql("VACUUM ANALYZE presence", parsePostgresUrl(url).database);
      await meter.read();
      const found = await Promise.all(
        processes.map((one) =>
          one.call<{ writes: number; lagP50Ms: number; lagP99Ms: number }>(
            "announce",
            { atOnce, seconds },
          )
        ),
      );
      const work = await meter.read();
      const writes = found.reduce((sum, { writes }) => sum + writes, 0);
      bench.add({
        section: "cluster: announcements as fast as they go",
        target: `${relays} relays`,
        case: `${atOnce} sessions a write`,
        values: {
          notificationsPerS: writes / seconds,
          sessionsPerS: writes * atOnce / seconds,
          lagP50Ms: Math.max(...found.map(({ lagP50Ms }) => lagP50Ms)),
          lagP99Ms: Math.max(...found.map(({ lagP99Ms }) => lagP99Ms)),
          databaseCpuMsEach: work.cpuSeconds * 1000 / writes,
          walBytesEach: work.walBytes / writes,
        },
      });
    }
    await Promise.all(processes.map((one) => one.call("leave")));
  }
}
