import assert from "node:assert/strict";
import { until } from "../../certificate/helpers.ts";
import { type Relay, startRelay } from "../../stories/relay.ts";
import { apiOf, connectControl, serveUser, signUp, type User } from "../../stories/user.ts";
import { shareAuthority, statusAt } from "../cluster/relays.ts";
import { type Row, tableOf } from "../cluster/row.ts";
import { SetClock } from "../faults/clock.ts";
import { Gate } from "../faults/gate.ts";
import { PostgresServer } from "./server.ts";

/** Another address of this machine, for what stands between one of the relays and the database. */
const BETWEEN = "127.0.0.83";

const HOUR_S = 3_600;

/** Two relays, of which `b` has a clock of its own and a way to the database that can be spoilt. */
interface Scene {
  server: PostgresServer;
  gate: Gate;
  clock: SetClock;
  a: Relay;
  b: Relay;
  /** At home at `a`, and at `b`. */
  kaylee: User;
  inara: User;
}

async function startB(stack: AsyncDisposableStack, scene: Omit<Scene, "b" | "kaylee" | "inara">) {
  const dir = await Deno.makeTempDir({ prefix: "glossond-b-" });
  await shareAuthority(scene.a, dir);
  const url = `${scene.server.tcpUrlOf("postgres:///test1", BETWEEN)}?sslmode=disable`;
  return stack.use(
    await startRelay({
      dir,
      launcher: scene.clock.launcher,
      settings: { RELAY_ID: "b", DATABASE_URL: url },
    }),
  );
}

async function setScene(stack: AsyncDisposableStack): Promise<Scene> {
  const server = stack.use(await PostgresServer.start());
  await server.allowPlain();
  const gate = stack.use(await Gate.open(BETWEEN, [server.port]));
  const settings = { RELAY_ID: "a", DATABASE_URL: await server.createDatabase() };
  const a = stack.use(await startRelay({ settings }));
  const clock = new SetClock(`${a.dir}/clock`);
  const b = await startB(stack, { server, gate, clock, a });
  const [kaylee, inara] = [await signUp(a, "kaylee"), await signUp(b, "inara")];
  stack.use(await serveUser(a, kaylee, () => new Response("kaylee"), "http/1.1"));
  stack.use(await serveUser(b, inara, () => new Response("inara"), "http/1.1"));
  const scene = { server, gate, clock, a, b, kaylee, inara };
  await everywhere(scene, "at first");
  return scene;
}

/** Waits until each relay has the pages of both. */
async function everywhere(scene: Scene, when: string): Promise<void> {
  for (const relay of [scene.a, scene.b]) {
    for (const user of [scene.kaylee, scene.inara]) {
      await until(
        async () => await statusAt(relay, user.hostname) === 200,
        `${when} all pages are at both`,
        20_000,
      );
    }
  }
}

/** The answer to a user who sets their text. */
async function says(relay: Relay, { token }: User, away: string): Promise<number> {
  const api = apiOf(relay);
  using _client = api.client;
  return (await api.request("PATCH", "/v1/account", { token, body: { away } })).status;
}

/** How many relays are alive as the database has it. */
async function alive({ server }: Scene): Promise<string> {
  return await server.psql(
    "SELECT string_agg(id, ' ' ORDER BY id) FROM relay WHERE alive",
    "test1",
  );
}

/** The answer to who claims a name at one relay, and verifies it at another. */
async function claims(made: Relay, verified: Relay, username: string): Promise<number> {
  const [first, second] = [apiOf(made), apiOf(verified)];
  using clients = new DisposableStack();
  clients.use(first.client);
  clients.use(second.client);
  const { body } = await first.request("POST", "/v1/claims", { body: { username } });
  await Deno.writeTextFile(`${verified.biosDir}/${username}.txt`, body.code);
  return (await second.request("POST", `/v1/claims/${body.claim}/verify`)).status;
}

async function clockIsOff(scene: Scene): Promise<Row> {
  const { server, clock, a, b } = scene;
  const twice = await signUp(a, "twice");
  for (const [label, off] of [["ahead", HOUR_S], ["behind", -HOUR_S]] as const) {
    clock.set(off);
    await until(
      async () =>
        await server.psql(
          `SELECT abs(ahead_ms - ${off * 1_000}) < 60000 FROM relay WHERE id = 'b'`,
          "test1",
        ) === "t",
      "a beat by the clock that is off",
    );
    assert.equal(await alive(scene), "a b");
    // The newer one holds, whichever clock it is of.
    for (const [older, newer] of [[a, b], [b, a]] as const) {
      await using before = await connectControl(older, twice);
      await using _after = await connectControl(newer, twice);
      assert.equal((await before.closed).code, 4409);
    }
    await everywhere(scene, "with a clock that is off");
    assert.equal(await says(b, scene.inara, label), 200);
    assert.equal(await claims(a, b, `from-a-${label}`), 200);
    assert.equal(await claims(b, a, `from-b-${label}`), 200);
  }
  clock.set(0);
  return {
    case: "clock of a relay an hour ahead, and an hour behind",
    seen:
      "users and visitors: nothing; the newer session holds, claims of one count at the other; doctor warns",
    lost: "nothing",
  };
}

async function databaseKilled(scene: Scene): Promise<Row> {
  const { server, a, b } = scene;
  // Nothing is written to disk but what has to be.
  await server.psql("ALTER SYSTEM SET wal_writer_delay = '10s'", "postgres");
  await server.psql("SELECT pg_reload_conf()", "postgres");
  const [late, twice] = [await signUp(b, "late"), await signUp(a, "again")];
  assert.equal(await says(b, scene.inara, "acknowledged"), 200);
  await using _page = await serveUser(b, late, () => new Response("late"), "http/1.1");
  await until(
    async () => await statusAt(a, late.hostname) === 200,
    "it is known at the other relay",
  );
  const unflushed = "SELECT pg_current_wal_insert_lsn() > pg_current_wal_flush_lsn()";
  await until(async () => {
    await (await connectControl(a, twice))[Symbol.asyncDispose]();
    return await server.psql(unflushed, "postgres") === "t";
  }, "something is not on disk yet");
  await server.kill();
  assert.equal(await says(a, scene.kaylee, "never"), 503);
  assert.equal(await statusAt(b, late.hostname), 200);
  await server.resume();
  await until(async () => await says(a, scene.kaylee, "after") === 200, "it is well again");
  await until(async () => await statusAt(a, late.hostname) === 200, "it is known again", 20_000);
  await everywhere(scene, "after the kill");
  const text = await server.psql("SELECT away FROM account WHERE username = 'inara'", "test1");
  assert.equal(text, "acknowledged");
  return {
    case: "PostgreSQL killed by SIGKILL with commits that are not on disk",
    seen: "sessions and visitors: nothing; changes: 503 until it runs again",
    lost:
      "of who is where the last changes, which the relays told again; nothing that was acknowledged",
  };
}

async function partitioned(scene: Scene): Promise<Row> {
  const { gate, a, b, kaylee, inara } = scene;
  gate.silence();
  const refused = says(b, inara, "never");
  await until(async () => await alive(scene) === "a", "the others take it for dead", 30_000);
  assert.equal(await statusAt(a, kaylee.hostname), 200);
  assert.equal(await statusAt(b, inara.hostname), 200);
  assert.equal(await says(a, kaylee, "meanwhile"), 200);
  assert.equal(await refused, 503);
  gate.speak();
  gate.reset();
  await b.logged("the other relays took this one for dead: it tells them again who is here");
  await everywhere(scene, "after the partition");
  await until(async () => await says(b, inara, "after") === 200, "it is well again");
  return {
    case: "one relay has no way to the database, and nothing says so",
    seen:
      "its users at the relay itself: nothing; at the other: as if away, from 10 s on; changes at it: 503; operators: a relay that is not alive",
    lost: "nothing",
  };
}

async function standbyAway({ server, a, b, kaylee, inara }: Scene): Promise<Row> {
  {
    await using _standby = await server.waitForStandby();
    let asking = true;
    const changes = Promise.all([[a, kaylee], [b, inara]].map(async ([relay, user]) => {
      // The server reads its settings a moment after it was told to.
      while (await says(relay as Relay, user as User, "early") === 200);
      for (const late of ["late", "later"]) {
        assert.equal(await says(relay as Relay, user as User, late), 503);
      }
    })).finally(() => asking = false);
    // More than the connections that are parked for them.
    for (let visits = 0; asking || visits < 40; visits++) {
      assert.equal(await statusAt(a, inara.hostname), 200);
      assert.equal(await statusAt(b, kaylee.hostname), 200);
    }
    await changes;
    const waiting = await server.psql(
      `SELECT count(*) FROM pg_stat_activity
       WHERE wait_event = 'SyncRep' AND query_start < now() - interval '12 seconds'`,
      "postgres",
    );
    assert.equal(waiting, "0");
  }
  await until(async () => await says(a, kaylee, "confirmed") === 200, "it is confirmed again");
  return {
    case: "a synchronous standby is away, and changes wait for it",
    seen: "visitors at either relay: nothing; changes: 503, and made by the time it is back",
    lost: "nothing; the server's connections are free again",
  };
}

Deno.test("two relays go on as one though a clock is off, or their database is not there", async (t) => {
  await using stack = new AsyncDisposableStack();
  const scene = await setScene(stack);
  const rows: Row[] = [];
  for (const row of [clockIsOff, standbyAway, partitioned, databaseKilled]) {
    await t.step(row.name, async () => void rows.push(await row(scene)));
  }
  Deno.stdout.writeSync(new TextEncoder().encode(`\n${tableOf(rows)}\n`));
});
