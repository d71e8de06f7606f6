import assert from "node:assert/strict";
import { sleep } from "../../../lib/net/pause.ts";
import { until } from "../../certificate/helpers.ts";
import { apiOf, type ControlLink, serveUser, signUp, type User } from "../../stories/user.ts";
import { type Guest, stay } from "../cluster/bystander.ts";
import { statusAt } from "../cluster/relays.ts";
import { type Id, startWorld, type World } from "./world.ts";

/** Users at home at each relay, and visitors of theirs at the other one, who stay. */
export interface Scene {
  world: World;
  at: Record<Id, { user: User; link: ControlLink }>;
  guests: Guest[];
}

const OTHER: Record<Id, Id> = { "relay-1": "relay-2", "relay-2": "relay-1" };
export const IDS = ["relay-1", "relay-2"] as const;

/** Sets the guide's two relays up, with a user at home at each and a visitor at the other. */
export async function setScene(stack: AsyncDisposableStack): Promise<Scene> {
  const world = stack.use(await startWorld());
  const at: Partial<Scene["at"]> = {};
  for (const [id, name] of [["relay-1", "kaylee"], ["relay-2", "inara"]] as const) {
    const user = await signUp(world.relays[id], name);
    const page = await serveUser(world.relays[id], user, () => new Response(name), "http/1.1");
    stack.use(page);
    at[id] = { user, link: page.link };
  }
  const scene = { world, at: at as Scene["at"], guests: [] as Guest[] };
  for (const id of IDS) {
    const { relays } = world;
    const { hostname } = scene.at[OTHER[id]].user;
    await until(
      async () => await statusAt(relays[id], hostname) === 200,
      "it is known elsewhere",
    );
    scene.guests.push(stack.use(await stay(relays[id], hostname, relays["relay-1"].ca)));
  }
  return scene;
}

/** A request to a relay, as the user who is at home there or another one. */
export async function ask(scene: Scene, id: Id, method: string, body?: unknown, by: Id = id) {
  const api = apiOf(scene.world.relays[id]);
  using _client = api.client;
  const { token } = scene.at[by].user;
  return await api.request(method, "/v1/account", { token, ...(body !== undefined && { body }) });
}

/** Sets a user's text until the relay takes it; how long that took. */
export async function saysAgain(scene: Scene, id: Id, away: string): Promise<number> {
  const from = performance.now();
  await until(
    async () => (await ask(scene, id, "PATCH", { away })).status === 200,
    `${id} takes changes again`,
    40_000,
  );
  return performance.now() - from;
}

/** Opens pages of users at home all the while; what of it was not well. */
function watch(scene: Scene): { end(): Promise<{ visits: number; failures: string[] }> } {
  const ended = new AbortController();
  const failures: string[] = [];
  let visits = 0;
  const done = (async () => {
    while (!ended.signal.aborted) {
      for (const id of IDS) {
        const { hostname } = scene.at[id].user;
        const status = await statusAt(scene.world.relays[id], hostname).catch((error) =>
          String(error)
        );
        if (status !== 200) failures.push(`${hostname} at ${id}: ${status}`);
        visits++;
      }
      for (const guest of scene.guests) {
        const status = await guest.ask().catch((error) => String(error));
        if (status !== 200) failures.push(`a visitor who stays: ${status}`);
      }
      await sleep(100, ended.signal);
    }
  })();
  return {
    async end() {
      ended.abort();
      await done;
      return { visits, failures };
    },
  };
}

/** Lets something happen while all pages are watched, which have to stay up, and no session may end. */
export async function unseen(scene: Scene, happen: () => Promise<void>): Promise<string> {
  const watching = watch(scene);
  try {
    await happen();
  } finally {
    const { visits, failures } = await watching.end();
    assert.deepEqual(failures, []);
    assert.ok(visits > 0);
  }
  for (const id of IDS) {
    assert.equal(scene.at[id].link.socket.readyState, WebSocket.OPEN, `${id}: a session ended`);
  }
  return "pages and visitors who stayed: nothing";
}

/** Both relays answer 503 to changes. */
export async function isAway(scene: Scene): Promise<void> {
  for (const id of IDS) {
    const { status, headers } = await ask(scene, id, "PATCH", { away: "never" });
    assert.equal(status, 503);
    assert.ok(Number(headers.get("retry-after")) > 0);
  }
}

/** Waits until the standby follows the primary. */
export async function streams({ world }: Scene, primary: Id): Promise<void> {
  await until(async () => {
    const sql = "SELECT state FROM pg_stat_replication";
    return await world.machines[primary].psql(sql) === "streaming";
  }, "the standby follows");
}

/** Waits until the standby has all that the primary has. */
export async function caughtUp({ world }: Scene, primary: Id): Promise<void> {
  await until(async () => {
    const sql =
      "SELECT bool_and(replay_lsn >= pg_current_wal_flush_lsn()) FROM pg_stat_replication";
    return await world.machines[primary].psql(sql) === "t";
  }, "the standby has it");
}

/** Promotes the standby as the guide says; what the new primary has of a user's text, and how soon all is well. */
export async function promote(scene: Scene, id: Id): Promise<{ away: unknown; healed: string }> {
  const from = performance.now();
  await scene.world.follow(id, "When a machine is lost", { block: 1 });
  const [first] = await Promise.all(IDS.map(async (each) => {
    let away: unknown;
    await until(
      async () => {
        const { status, body } = await ask(scene, each, "GET", undefined, id);
        away = body.away;
        return status === 200;
      },
      `${each} finds the new primary`,
      40_000,
    );
    return away;
  }));
  for (const each of IDS) {
    assert.equal((await ask(scene, each, "PATCH", { away: "promoted" })).status, 200);
  }
  const healed = `${((performance.now() - from) / 1_000).toFixed(1)} s`;
  // New visitors at the other relay, whose connections are asked for by way of the database: who comes before
  // the client's relay listens there again waits for 10 s, in vain.
  await Promise.all(IDS.map(async (each) => {
    const { hostname } = scene.at[OTHER[each]].user;
    const isThere = async () => await statusAt(scene.world.relays[each], hostname) === 200;
    await until(isThere, "pages elsewhere", 25_000);
  }));
  return { away: first, healed };
}
