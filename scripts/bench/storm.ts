import { fileURLToPath } from "node:url";
import type { ClusterFigures } from "../../lib/admin/figures.ts";
import { parsePostgresUrl } from "../../lib/wire/postgres_url.ts";
import { glossondCommand } from "../../tests/stories/admin_command.ts";
import type { Relay } from "../../tests/stories/relay.ts";
import { startCluster } from "../../tests/system/cluster/relays.ts";
import { PostgresServer } from "../../tests/system/postgres/server.ts";
import { seedPostgres } from "../../tests/system/postgres/stores.ts";
import { DatabaseMeter, type DatabaseWork, prepareMeter } from "./database_meter.ts";
import { AS_SERVED, usernameOf } from "./glossond.ts";
import { latestSince } from "./lateness.ts";
import { LoadProcess } from "./load_process.ts";
import type { Membership } from "./load/glosson.ts";
import { until } from "./until.ts";
import { usageOf } from "./usage.ts";

/** Processes that the clients are in. */
const CLIENT_PROCESSES = 2;

/** So that descriptors are left for the clients: each takes three. And what is said is read in time. */
const FEW_VISITORS = {
  ...{ MAX_VISITORS: "50", MAX_PARKED: "50", MAX_HELLOS: "50", MAX_PAGES: "10" },
  ...{ MAX_DATA_SOCKETS: "1", LOG_LEVEL: "info" },
};

/** How a storm is made. */
export interface StormPlan {
  clients: number;
  /** How long they may take to be online, back, and known to be, seconds each. */
  withinS: number;
  tell?: (text: string) => void;
}

/** What came of it. */
export interface Storm {
  /** Processor time of the first relay and of all clients, when they came online there in peace, seconds. */
  peace: { relayCpuSeconds: number; clientCpuSeconds: number };
  /** When clients were online again, seconds after the end of their relay. */
  backAfterS: number[];
  /** The longest that an event loop of the two relays that are left was late, milliseconds. */
  lateMs: number;
  /** The same of a process beside them that does next to nothing: what of it is the machine's. */
  bareLateMs: number;
  /** Whether relays came before those who loaded them: else that has their waits for the processor in it. */
  cameFirst: boolean;
  /** What the database did from the end of the relay until all were back. */
  work: DatabaseWork;
  /** Processor time of the two relays that are left, seconds. */
  relayCpuSeconds: number;
}

/**
 * Has all clients at one of three relays, ends that one by SIGKILL, and sees them come back at the others, each
 * of which gets to know who is at the other.
 *
 * @throws {Error} where that takes longer than it may.
 */
export async function storm(plan: StormPlan): Promise<Storm> {
  const { clients, withinS, tell = () => {} } = plan;
  await using stack = new AsyncDisposableStack();
  const ahead = await first();
  const launcher = [...ahead, ...AS_SERVED];
  const folder = await Deno.makeTempDir({ prefix: "glossond-storm-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const database = stack.use(await PostgresServer.start());
  await prepareMeter(database);
  const cluster = stack.use(
    await startCluster(["a", "b", "c"], {
      database,
      launcher: () => ["env", `LATENESS_FOLDER=${folder}`, ...launcher],
      preload: () => fileURLToPath(new URL("./lateness.ts", import.meta.url)),
      settings: () => ({ ...FEW_VISITORS, MAX_CLIENTS: `${clients}` }),
    }),
  );
  const { a, b, c } = cluster.all as Record<"a" | "b" | "c", Relay>;
  const tokens = await seedPostgres(
    cluster.url,
    Array.from({ length: clients }, (_, i) => usernameOf(i)),
  );
  const meter = await DatabaseMeter.open(database, cluster.url);
  tell(`storm: ${clients} clients come online`);
  const crowd = Array.from(
    { length: CLIENT_PROCESSES },
    () => stack.use(new LoadProcess("clients.ts")),
  );
  const bare = stack.use(new LoadProcess("bare.ts", { launcher: ahead }));
  const members = tokens.map((token, i): Membership => ({
    ...{ username: usernameOf(i), token, pool: 0, ca: c.ca },
    ...{ controlPort: c.ports.control!, dataPort: c.ports.data! },
    others: (i % 4 < 2 ? [a, b] : [b, a]).map(({ ports }) => ports.control!),
  }));
  const cpu = (...pids: number[]): number => usageOf(pids).cpuSeconds;
  const [relayBefore, clientsBefore] = [cpu(c.pid), cpu(...crowd.map(({ pid }) => pid))];
  await Promise.all(
    crowd.map((process, n) =>
      process.call("stay", members.filter((_, i) => i % CLIENT_PROCESSES === n))
    ),
  );
  const { database: name } = parsePostgresUrl(cluster.url);
  const onlineAt = async (id: string): Promise<number> =>
    Number(
      await database.psql(
        `SELECT count(*) FROM presence WHERE relay = '${id}' AND state = 'online'`,
        name,
      ),
    );
  await until(async () => {
    const online = await onlineAt("c");
    return online === clients ? undefined : `${online} of ${clients} clients are online`;
  }, withinS);
  tell("storm: their relay is killed");
  await meter.read();
  const peace = {
    relayCpuSeconds: cpu(c.pid) - relayBefore,
    clientCpuSeconds: cpu(...crowd.map(({ pid }) => pid)) - clientsBefore,
  };
  const cpuBefore = cpu(a.pid, b.pid);
  const since = Date.now();
  await bare.call("latest");
  const killedAt = performance.now();
  await c.stop("SIGKILL");
  let backAfterS: number[] = [];
  await until(async () => {
    const told = await Promise.all(crowd.map((one) => one.call<{ agoMs: number[] }>("since")));
    const passed = performance.now() - killedAt;
    backAfterS = told.flatMap(({ agoMs }) => agoMs).map((ago) => (passed - ago) / 1000)
      .filter((s) => s > 0);
    const back = backAfterS.length;
    return back === clients ? undefined : `${back} of ${clients} clients are back`;
  }, withinS);
  const work = await meter.read();
  const relayCpuSeconds = cpu(a.pid, b.pid) - cpuBefore;
  const lateMs = Math.max(...[a, b].map(({ pid }) => latestSince(folder, pid, since).lateMs));
  const { lateMs: bareLateMs } = await bare.call<{ lateMs: number }>("latest");
  // A relay is told of a client after the client is: whoever looks at once does not see all.
  await until(async () => {
    const [atA, atB] = await Promise.all([onlineAt("a"), onlineAt("b")]);
    const [notAtA, notAtB] = await Promise.all([a, b].map(elsewhere));
    if (atA + atB === clients && notAtA === atB && notAtB === atA) return;
    return `${atA} and ${atB} of ${clients} clients are at two relays that know ${notAtA} and ${notAtB} elsewhere`;
  }, withinS);
  return {
    ...{ peace, backAfterS, work, relayCpuSeconds, lateMs, bareLateMs },
    cameFirst: ahead.length > 0,
  };
}

/** How many users are elsewhere, as a relay knows. */
async function elsewhere({ stateDir }: Relay): Promise<number> {
  const { stdout } = await glossondCommand(stateDir, ["status", "--json"]).output();
  const { cluster } = JSON.parse(new TextDecoder().decode(stdout));
  return (cluster as ClusterFigures).elsewhere;
}

/** Has relays come before those who load them, whose computers are others: where that is allowed. */
async function first(): Promise<string[]> {
  const launcher = ["chrt", "-r", "20"];
  const { success } = await new Deno.Command(launcher[0]!, {
    args: [...launcher.slice(1), "true"],
    stderr: "null",
  }).output();
  return success ? launcher : [];
}
