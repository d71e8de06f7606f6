import { fileURLToPath } from "node:url";
import { sleep } from "../../lib/net/pause.ts";
import { parsePostgresUrl } from "../../lib/wire/postgres_url.ts";
import { glossondCommand } from "../../tests/stories/admin_command.ts";
import type { Relay } from "../../tests/stories/relay.ts";
import { startCluster } from "../../tests/system/cluster/relays.ts";
import { V8_FLAGS } from "../compile/programs.ts";
import type { Bench } from "./bench.ts";
import { AS_SERVED } from "./glossond.ts";
import { LoadProcess } from "./load_process.ts";
import { usageOf } from "./usage.ts";

/** How long a relay may take to know all names, seconds; its event loop is watched for as long. */
const WITHIN_S = 15;

/** Time for what was read to be garbage and collected, milliseconds. */
const SETTLE_MS = 3_000;

/** What a relay pays for users who are online elsewhere: memory, and the time of reading who they are. */
export async function map(bench: Bench): Promise<void> {
  const names = bench.quick ? 20_000 : 200_000;
  await using stack = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "glossond-map-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  // What "weighed" has to collect its garbage for would hold up its event loop.
  const weighing = ["env", `DENO_V8_FLAGS=${V8_FLAGS},--expose-gc`, `SOAK_FOLDER=${folder}`];
  const inside = fileURLToPath(new URL("../soak/inside.ts", import.meta.url));
  const cluster = stack.use(
    await startCluster(["timed", "weighed"], {
      launcher: (id) => id === "weighed" ? weighing : AS_SERVED,
      preload: (id) => id === "weighed" ? inside : undefined,
    }),
  );
  const { timed, weighed } = cluster.all as Record<"timed" | "weighed", Relay>;
  const { database } = parsePostgresUrl(cluster.url);
  const heap = async (): Promise<number> => {
    await sleep(SETTLE_MS);
    return JSON.parse(await Deno.readTextFile(`${folder}/${weighed.pid}.json`)).heapBytes;
  };
  const [heapBefore, rssBefore] = [await heap(), usageOf([timed.pid]).rssBytes];
  const probe = stack.use(new LoadProcess("probe.ts"));
  bench.tell(`cluster: ${names} names elsewhere`);
  // A relay that nobody ever finds dead, and that is nowhere.
  await cluster.database.psql(
    `INSERT INTO relay (id, boot, version, heard_at) VALUES ('far', 'far', 'bench', 'infinity');
     INSERT INTO presence (username, relay, boot, epoch, state)
       SELECT 'a-name-of-' || i, 'far', '0c6e7b4e-43e5-4f83-9d0c-2f1a2b3c4d5e', i, 'online'
       FROM generate_series(1, ${names}) AS i`,
    database,
  );
  const ask = (): Promise<{ longest: number }> =>
    probe.call("probe", { port: timed.ports.admin!, seconds: WITHIN_S });
  const probing = ask();
  await cluster.database.psql("NOTIFY glossond_changes", database);
  const { longest } = await probing;
  // Both listen anew, and read all.
  bench.tell("cluster: they are read anew");
  const probingAnew = ask();
  await cluster.database.endConnections(database);
  const { longest: anew } = await probingAnew;
  for (const relay of [timed, weighed]) {
    const { stdout } = await glossondCommand(relay.stateDir, ["status", "--json"]).output();
    const { elsewhere } = JSON.parse(new TextDecoder().decode(stdout)).cluster;
    if (elsewhere !== names) throw new Error(`a relay knows ${elsewhere} of ${names} names`);
  }
  bench.add({
    section: "cluster: users who are elsewhere",
    target: "glossond",
    case: `${names} names`,
    values: {
      heapBytesEach: (await heap() - heapBefore) / names,
      rssBytesEach: (usageOf([timed.pid]).rssBytes - rssBefore) / names,
      lateMs: longest,
      anewLateMs: anew,
    },
  });
}
