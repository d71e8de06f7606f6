import assert from "node:assert/strict";
import { until } from "../certificate/helpers.ts";
import { setUpGlosson } from "../stories/glosson.ts";
import { BASE, type Relay } from "../stories/relay.ts";
import { apiOf, connectControl, serveUser, signUp, visit } from "../stories/user.ts";
import { hopBytes } from "./cluster/bystander.ts";
import { statusAt, throughFront } from "./cluster/relays.ts";
import { type Row, tableOf } from "./cluster/row.ts";
import {
  ask,
  caughtUp,
  IDS,
  isAway,
  promote,
  saysAgain,
  type Scene,
  setScene,
  streams,
  unseen,
} from "./relays/scene.ts";
import { REPLICA_INPUT } from "./relays/world.ts";

async function killed(scene: Scene): Promise<Row> {
  const { machines } = scene.world;
  let healed = "";
  const pages = await unseen(scene, async () => {
    assert.equal((await ask(scene, "relay-2", "PATCH", { away: "acked" })).status, 200);
    await caughtUp(scene, "relay-1");
    await machines["relay-1"].kill();
    await isAway(scene);
    const promoted = await promote(scene, "relay-2");
    assert.equal(promoted.away, "acked");
    healed = promoted.healed;
  });
  // What is told by the new primary is heard.
  const late = await signUp(scene.world.relays["relay-1"], "late");
  await using _page = await serveUser(
    scene.world.relays["relay-1"],
    late,
    () => new Response("late"),
    "http/1.1",
  );
  await until(
    async () => await statusAt(scene.world.relays["relay-2"], late.hostname) === 200,
    "a new user is known at the other relay",
  );
  return {
    case: "primary killed by SIGKILL, standby promoted",
    seen:
      `${pages}; changes: 503, and taken ${healed} after the promotion; new visitors at the other relay: as if away, some up to 10 s longer`,
    lost: "nothing that was acknowledged",
  };
}

/** The former primary comes up as if nothing had been, and the new one is away for a moment. */
async function formerComesBack(scene: Scene): Promise<Row> {
  const { machines } = scene.world;
  await machines["relay-1"].shell("pg_ctlcluster 15 main start");
  const pages = await unseen(scene, async () => {
    await machines["relay-2"].shell("pg_ctlcluster 15 main stop -m immediate");
    await isAway(scene);
    await machines["relay-2"].shell("pg_ctlcluster 15 main start");
    await saysAgain(scene, "relay-1", "to the new one");
    await saysAgain(scene, "relay-2", "to the new one");
  });
  const sql = "SELECT count(*) FROM account WHERE away IN ('never', 'to the new one')";
  assert.equal(await machines["relay-1"].psql(sql, "glossond"), "0");
  await scene.world.follow("relay-1", "When it is back", { input: REPLICA_INPUT });
  await streams(scene, "relay-2");
  return {
    case: "the former primary comes up by itself, and the new one restarts",
    seen: `${pages}; changes: 503 meanwhile, none goes to the former one`,
    lost: "nothing",
  };
}

/** The standby gets nothing any more, and is promoted all the same. */
async function lags(scene: Scene): Promise<Row> {
  const { machines, relays } = scene.world;
  await saysAgain(scene, "relay-1", "early");
  await caughtUp(scene, "relay-2");
  await machines["relay-1"].psql("ALTER SYSTEM SET primary_conninfo = ''");
  await machines["relay-1"].psql("SELECT pg_reload_conf()");
  await until(
    async () => await machines["relay-2"].psql("SELECT count(*) FROM pg_stat_replication") === "0",
    "the standby is cut off",
  );
  await saysAgain(scene, "relay-1", "late");
  const wash = await signUp(relays["relay-1"], "wash");
  await using page = await serveUser(
    relays["relay-1"],
    wash,
    () => new Response("wash"),
    "http/1.1",
  );
  // What is told now gets numbers that the new primary gives anew.
  const zoe = await signUp(relays["relay-2"], "zoe");
  for (let i = 0; i < 10; i++) {
    await (await connectControl(relays["relay-2"], zoe))[Symbol.asyncDispose]();
  }
  let healed = "";
  const pages = await unseen(scene, async () => {
    await machines["relay-2"].kill();
    await isAway(scene);
    const promoted = await promote(scene, "relay-1");
    assert.equal(promoted.away, "early");
    healed = promoted.healed;
  });
  assert.equal(page.link.socket.readyState, WebSocket.OPEN);
  assert.equal(await statusAt(scene.world.relays["relay-1"], wash.hostname), 200);
  const api = apiOf(relays["relay-1"]);
  using _client = api.client;
  assert.equal((await api.request("GET", "/v1/account", { token: wash.token })).status, 401);
  await Promise.any(
    IDS.map((id) =>
      relays[id].logged("the database has lost what it told last: reading all of it anew")
    ),
  );
  // What one relay does the other hears by way of the new primary.
  assert.equal((await ask(scene, "relay-1", "DELETE", undefined, "relay-2")).status, 204);
  assert.equal((await scene.at["relay-2"].link.closed).code, 4401);
  return {
    case: "failed over to a standby that lags",
    seen:
      `${pages}; changes: 503, and taken ${healed} after the promotion; new visitors at the other relay: as if away, some up to 10 s longer; the log says that it lost something`,
    lost:
      "what the standby had not got: a text; an account, whose session goes on, and whose token is unknown",
  };
}

/** A client in a network that lets nothing but port 443 out. */
async function overPort443({ world }: Scene): Promise<void> {
  const url = `https://localhost:${world.front}`;
  await using glosson = await setUpGlosson(world.relays["relay-1"], "river", { url });
  await glosson.run("--data-over", "websocket").said(/Online/);
  for (const id of IDS) {
    await until(
      async () => await statusAt(world.relays[id], `river.${BASE}`) === 200,
      `the page at ${id}`,
    );
  }
  const hopped = await Promise.all(IDS.map((id) => hopBytes(world.relays[id])));
  assert.equal(hopped.filter((bytes) => bytes > 0).length, 1, hopped.join());
}

/** Its ticket is the other relay's, which alone knows it. */
async function atTheWrongRelay({ world: { relays } }: Scene): Promise<void> {
  const user = await signUp(relays["relay-1"], "simon");
  await using link = await connectControl(relays["relay-1"], user);
  link.send({ type: "pool", size: 1 });
  const { tickets: [ticket] } = await link.next("tickets");
  const { code } = await showOverWebSocket(relays["relay-2"], relays["relay-1"].ca, ticket);
  assert.equal(code, 4403);
}

/** Shows a ticket over a WebSocket; how the relay closes that. */
async function showOverWebSocket(relay: Relay, ca: string, ticket: string): Promise<CloseEvent> {
  using client = Deno.createHttpClient({ caCerts: [ca] });
  const options: Record<string, unknown> = { protocols: ["glosson-data.v1"], client };
  const socket = new WebSocket(
    `wss://localhost:${relay.ports.control}/v1/data`,
    options as unknown as string[],
  );
  socket.onopen = () => socket.send(new TextEncoder().encode(ticket));
  return await new Promise((resolve) => socket.onclose = resolve);
}

Deno.test("two relays as the guide has them lose a database, and users' pages stay up", async (t) => {
  await using stack = new AsyncDisposableStack();
  const scene = await setScene(stack);
  const { world } = scene;
  const rows: Row[] = [];
  await t.step("by the guide one follows the other, and HAProxy leads to both", async () => {
    const state = await world.follow("relay-1", "3. The standby", { block: 1 });
    assert.equal(state, "streaming");
    const front = throughFront(world.relays["relay-1"], { hub: world.front, control: world.front });
    for (const id of IDS) {
      assert.equal((await visit(front, scene.at[id].user.hostname)).status, 200);
    }
    const api = apiOf(front);
    using _client = api.client;
    assert.equal((await api.request("GET", "/v1/relay")).status, 200);
  });
  await t.step(
    "data connections over WebSocket come to the client's relay, and hop to visitors at the other",
    () => overPort443(scene),
  );
  await t.step("at another relay they are refused", () => atTheWrongRelay(scene));
  for (const row of [killed, formerComesBack, lags]) {
    await t.step(row.name, async () => void rows.push(await row(scene)));
  }
  Deno.stdout.writeSync(new TextEncoder().encode(`\n${tableOf(rows)}\n`));
});
