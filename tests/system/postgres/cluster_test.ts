import assert from "node:assert/strict";
import type { EngineListener } from "../../../lib/cluster/engine.ts";
import { PostgresCluster } from "../../../lib/cluster/postgres/engine.ts";
import { PAGE } from "../../../lib/cluster/engine.ts";
import { openPostgresCluster } from "../../../lib/cluster/postgres/open.ts";
import { lockChanges } from "../../../lib/store/postgres/change_lock.ts";
import { PostgresEngine } from "../../../lib/store/postgres/engine.ts";
import { openPostgres } from "../../../lib/store/postgres/open.ts";
import { parsePostgresUrl } from "../../../lib/wire/postgres_url.ts";
import { until } from "../../certificate/helpers.ts";
import { testEngine } from "../../cluster/contract.ts";
import { ManualClock } from "../../manual_clock.ts";
import { Gate } from "../faults/gate.ts";
import { Interrupter } from "./interrupter.ts";
import { serverWithClock } from "./clocked_server.ts";
import { DisposableEngine } from "./stores.ts";

/** Another address of this machine, for what stands between. */
const ALIAS = "127.0.0.82";
const DATA = { dataHost: "127.0.0.1", dataPort: 1 };
const A = { relay: "a", boot: "a1", version: "test", data: DATA };
const FIGURES = { users: 0, visitors: 0 };
const QUIET: EngineListener = { onHearing() {}, onDeaf() {}, onChange() {}, onMessage() {} };

const stack = new AsyncDisposableStack();
const { server, clock } = await serverWithClock(stack);

/** The URL of a database with the tables. */
async function databaseUrl(): Promise<string> {
  const url = await server.createDatabase();
  await (await openPostgres({ address: parsePostgresUrl(url) })).close();
  return url;
}

testEngine("PostgresCluster", async () => {
  const address = parsePostgresUrl(await databaseUrl());
  return {
    open(relay, boot) {
      return Promise.resolve(openPostgresCluster({ address }, { ...A, relay, boot }));
    },
    setClock: (seconds) => clock.set(seconds),
    close: () => Promise.resolve(clock.set(0)),
  };
});

Deno.test("PostgresCluster sends again what may not have arrived as its connection ended", async () => {
  const address = parsePostgresUrl(await databaseUrl());
  await using way = await Interrupter.open(server, address.database);
  const a = openPostgresCluster({ address: parsePostgresUrl(way.url) }, A);
  const b = openPostgresCluster({ address }, { ...A, relay: "b", boot: "b1" });
  const texts: string[] = [];
  try {
    await b.listen({ ...QUIET, onMessage: (text) => texts.push(text) });
    for (const how of ["lose question", "lose answer"] as const) {
      way.at("pg_notify", how);
      await a.send([{ to: "b1", text: how }]);
    }
    await until(() => texts.length === 3, "all have arrived");
    assert.deepEqual(texts, ["lose question", "lose answer", "lose answer"]);
  } finally {
    await Promise.all([a.leave(), b.leave()]);
  }
});

Deno.test("PostgresCluster drops each hour what nobody needs any more", async () => {
  const url = await databaseUrl();
  const database = new URL(url).pathname.slice(1);
  const clock = new ManualClock();
  const postgres = new PostgresEngine({ address: parsePostgresUrl(url) });
  const a = new PostgresCluster(postgres, A, clock.now);
  try {
    await a.join();
    await a.notify("reload");
    await a.announce(["kaylee", "river"].map((username) => ({ username, ageMs: 0 })), []);
    await a.announce([], [{ username: "kaylee", state: "left" }]);
    await server.psql(
      `INSERT INTO relay (id, boot, version, alive, heard_at)
      VALUES ('old', 'b', 'x', false, now() - interval '8 days');
      INSERT INTO notice (told_at, boot, kind) VALUES (now() - interval '8 days', 'b', 'reload')`,
      database,
    );
    const left = async () => [
      await server.psql("SELECT count(*) FROM relay", database),
      await server.psql("SELECT count(*) FROM notice", database),
      await server.psql("SELECT username FROM presence ORDER BY 1", database),
    ];
    assert.equal((await a.beat(FIGURES)).standing, "alive");
    assert.deepEqual(await left(), ["1", "1", "kaylee\nriver"]);
    // What changed last stays: of it the others know that nothing was lost.
    await a.announce([{ username: "simon", ageMs: 0 }], []);
    const { number } = await a.lastChange(0);
    clock.advance(3_599_999);
    await a.beat(FIGURES);
    assert.deepEqual((await left())[2], "kaylee\nriver\nsimon");
    clock.advance(1);
    await a.beat(FIGURES);
    assert.deepEqual((await left())[2], "kaylee\nriver\nsimon", "it may not be read yet");
    clock.advance(3_600_000);
    await a.beat(FIGURES);
    assert.deepEqual((await left())[2], "river\nsimon");
    assert.deepEqual(await a.changesSince(number), {
      ...{ number, presence: [], notices: [], more: false },
    });
  } finally {
    await a.leave();
  }
});

Deno.test("PostgresCluster finds what changed, and who is next, among many names without a look at each", async () => {
  const url = await databaseUrl();
  const database = new URL(url).pathname.slice(1);
  const open = (boot: string) =>
    openPostgresCluster({ address: parsePostgresUrl(url) }, { ...A, boot });
  /** Rows of the table that were looked at one after another, by connections that have ended. */
  async function lookedAt(): Promise<string> {
    await until(
      async () =>
        await server.psql(
          `SELECT count(*) FROM pg_stat_activity
          WHERE datname = '${database}' AND application_name = 'glossond'`,
          database,
        ) === "0",
      "the end of all connections",
    );
    return await server.psql(
      "SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'presence'",
      database,
    );
  }
  await server.psql(
    `INSERT INTO presence (username, relay, boot, epoch, state)
      SELECT 'user' || i, 'b', 'b1', i, 'online' FROM generate_series(1, 20000) AS i`,
    database,
  );
  await server.psql("VACUUM ANALYZE presence", database);
  const a = open("a1");
  await a.join();
  const { number } = await a.lastChange(0);
  await a.announce([{ username: "kaylee", ageMs: 0 }], []);
  await a.leave();
  const before = await lookedAt();
  const c = open("c1");
  const changes = await c.changesSince(number);
  assert.equal((await c.onlineBehind("user15000")).length, PAGE);
  await c.leave();
  assert.deepEqual(changes.presence.map(({ username }) => username), ["kaylee"]);
  assert.equal(await lookedAt(), before);
});

Deno.test("PostgresCluster tells that it hears nothing, and when it does again", async () => {
  const url = await databaseUrl();
  const a = openPostgresCluster({ address: parsePostgresUrl(url) }, A);
  const told: string[] = [];
  try {
    await a.join();
    await a.listen({
      ...QUIET,
      onHearing: () => told.push("hearing"),
      onDeaf: (error) => told.push((error as Error).message),
    });
    assert.deepEqual(told, ["hearing"]);
    await server.psql("ALTER ROLE glossond CONNECTION LIMIT 1", "postgres");
    await server.psql(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = '${new URL(url).pathname.slice(1)}' AND query LIKE 'LISTEN%'`,
      "postgres",
    );
    await until(() => told.some((text) => /too many connections for role/.test(text)), "deaf");
    assert.equal((await a.beat(FIGURES)).standing, "alive", "by another connection");
    await server.psql("ALTER ROLE glossond CONNECTION LIMIT -1", "postgres");
    await until(() => told.at(-1) === "hearing", "it hears again");
  } finally {
    await a.leave();
  }
});

Deno.test("PostgresCluster leaves within seconds though the database is silent", async () => {
  await server.allowPlain();
  await using gate = await Gate.open(ALIAS, [server.port]);
  const address = parsePostgresUrl(server.tcpUrlOf(await databaseUrl(), ALIAS));
  const a = openPostgresCluster({ address }, A);
  await a.join();
  await a.listen(QUIET);
  gate.silence();
  const began = performance.now();
  await a.leave();
  const took = performance.now() - began;
  assert.ok(took < 10_000, `${took} ms`);
});

Deno.test.afterAll(() => stack.disposeAsync());

Deno.test("PostgresCluster tells that a relay is alive, and who is there, while no standby confirms anything", async () => {
  const a = openPostgresCluster({ address: parsePostgresUrl(await databaseUrl()) }, A);
  await using _standby = await server.waitForStandby();
  try {
    await a.join();
    assert.equal((await a.beat(FIGURES)).standing, "alive");
    await a.announce([{ username: "kaylee", ageMs: 0 }], []);
    assert.deepEqual((await a.onlineBehind("")).map(({ username }) => username), ["kaylee"]);
  } finally {
    await a.leave();
  }
});

Deno.test("PostgresCluster tells who came while another relay is stopped, or lost, amid a change", async () => {
  const address = parsePostgresUrl(await databaseUrl());
  await using stopped = new DisposableEngine({ address });
  const [begun, goesOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const change = stopped.write(async (ask) => {
    await lockChanges(ask);
    begun.resolve();
    await goesOn.promise;
  }).then(() => "done", (error) => error.message);
  await begun.promise;
  const a = openPostgresCluster({ address }, A);
  try {
    await a.join();
    const epochs = await a.announce([{ username: "kaylee", ageMs: 0 }], []);
    assert.ok(epochs.has("kaylee"));
  } finally {
    goesOn.resolve();
    await a.leave();
  }
  assert.notEqual(await change, "done");
});
