import assert from "node:assert/strict";
import { parsePostgresUrl } from "../../../lib/wire/postgres_url.ts";
import { StoreError } from "../../../lib/store/error.ts";
import { PostgresEngine } from "../../../lib/store/postgres/engine.ts";
import { listen } from "../../../lib/store/postgres/listener.ts";
import { until } from "../../certificate/helpers.ts";
import { Gate } from "../faults/gate.ts";
import { Interrupter } from "./interrupter.ts";
import { PostgresServer } from "./server.ts";

/** Another address of this machine, for what stands between. */
const ALIAS = "127.0.0.78";

let server: PostgresServer;

Deno.test.beforeAll(async () => {
  server = await PostgresServer.start();
});

Deno.test.afterAll(() => server[Symbol.asyncDispose]());

/** An engine that is soon impatient, closed at the end of its scope. */
function engineOf(
  url: string,
  { caPem, lockTimeoutMs = 100 }: { caPem?: string; lockTimeoutMs?: number } = {},
): PostgresEngine & AsyncDisposable {
  const engine = new PostgresEngine({ address: parsePostgresUrl(url), caPem }, { lockTimeoutMs });
  return Object.assign(engine, { [Symbol.asyncDispose]: () => engine.close() });
}

/** Has a variable set until it is disposed of. */
function environment(name: string, value: string): Disposable {
  Deno.env.set(name, value);
  return { [Symbol.dispose]: () => Deno.env.delete(name) };
}

/** What the database answers to the simplest of questions. */
async function one(engine: PostgresEngine): Promise<unknown> {
  return (await engine.read((ask) => ask("SELECT 1::int8 AS one"))).rows[0]?.one;
}

/** The message of the `StoreError` that something rejects with. */
async function fault(work: Promise<unknown>): Promise<string> {
  const error = await work.then(() => undefined, (error) => error);
  assert.ok(error instanceof StoreError, String(error));
  return error.message;
}

Deno.test("a server is verified by its name and the authority that was named", async () => {
  const socket = await server.createDatabase();
  const caPem = await Deno.readTextFile(server.caFile);
  const verified = `${server.tcpUrlOf(socket)}?sslmode=verify-full`;
  {
    await using engine = engineOf(verified, { caPem });
    assert.equal(await one(engine), 1);
    const { rows } = await engine.read((ask) =>
      ask("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    );
    assert.deepEqual(rows, [{ ssl: true }]);
  }
  {
    await using unknown = engineOf(verified);
    assert.match(await fault(one(unknown)), /GLOSSOND_DATABASE_CA_FILE has the authority/);
  }
  {
    const url = `${server.tcpUrlOf(socket, "127.0.0.1")}?sslmode=verify-full`;
    await using misnamed = engineOf(url, { caPem });
    assert.match(await fault(one(misnamed)), /certificate is for 127\.0\.0\.1/);
  }
  {
    await using plain = engineOf(server.tcpUrlOf(socket));
    assert.match(await fault(one(plain)), /pg_hba\.conf/);
  }
  {
    const url = verified.replace(/:[^:@]*@/, ":wrong-secret@");
    await using wrong = engineOf(url, { caPem });
    const why = await fault(one(wrong));
    assert.match(why, /database test1 as glossond at localhost:\d+: .*the password in GLOSSOND_/);
    assert.doesNotMatch(why, /wrong-secret/);
  }
  {
    await using without = engineOf(verified.replace(/:[^:@]*@/, "@"), { caPem });
    assert.match(await fault(one(without)), /the password in GLOSSOND_DATABASE_URL is the role/);
    const password = decodeURIComponent(new URL(verified).password);
    const passFile = `${server.folder}/pgpass`;
    await Deno.writeTextFile(passFile, `*:*:*:*:${password}\n`, { mode: 0o600 });
    for (const [name, value] of [["PGPASSWORD", password], ["PGPASSFILE", passFile]] as const) {
      using _variable = environment(name, value);
      await using bare = engineOf(verified.replace(/:[^:@]*@/, "@"), { caPem });
      assert.match(await fault(one(bare)), /the password in GLOSSOND_DATABASE_URL is the role/);
    }
  }
  {
    await using missing = engineOf(server.urlOf("nothing"));
    assert.match(await fault(one(missing)), /createdb -O glossond nothing/);
  }
});

Deno.test("a server that ends amid a transaction ends nothing else, and is asked again", async () => {
  await using engine = engineOf(await server.createDatabase());
  await engine.write((ask) => ask("CREATE TABLE kept (word text)"));
  const begun = Promise.withResolvers<void>();
  const writing = fault(engine.write(async (ask) => {
    await ask("INSERT INTO kept VALUES ('never')");
    begun.resolve();
    await ask("SELECT pg_sleep(1)");
  }));
  await begun.promise;
  await server.stop();
  await writing;
  assert.match(await fault(one(engine)), /see that the server runs/);
  await server.resume();
  assert.deepEqual((await engine.read((ask) => ask("SELECT * FROM kept"))).rows, []);
});

Deno.test("connections that ended while they waited fail nobody who asks next", async () => {
  const url = await server.createDatabase();
  await using engine = engineOf(url);
  await engine.write((ask) => ask("CREATE TABLE kept (word text)"));
  for (let round = 0; round < 3; round++) {
    await Promise.all([one(engine), one(engine)]);
    // Nothing else runs meanwhile, so that the engine has not heard of it.
    server.endConnectionsNow(parsePostgresUrl(url).database);
    await Promise.all([
      one(engine),
      engine.write((ask) => ask("INSERT INTO kept VALUES ('once')")),
    ]);
  }
  assert.equal((await engine.read((ask) => ask("SELECT * FROM kept"))).rows.length, 3);
});

Deno.test("a server that goes away while it is asked how it is ends nothing, and the next one is asked", async () => {
  const url = await server.createDatabase();
  await using way = await Interrupter.open(server, parsePostgresUrl(url).database);
  const second = `${encodeURIComponent(server.folder)}:${server.port}`;
  await using engine = engineOf(way.url.replace("/test", `,${second}/test`));
  const lost = way.at("pg_is_in_recovery", "lose answer");
  assert.equal(await one(engine), 1);
  await lost;
});

Deno.test("of two transactions that are in each other's way both are done", async () => {
  await using engine = engineOf(await server.createDatabase(), { lockTimeoutMs: 5_000 });
  await engine.write((ask) => ask("CREATE TABLE number (id int, n int)"));
  await engine.write((ask) => ask("INSERT INTO number VALUES (1, 0), (2, 0)"));
  const both = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let tries = 0;
  const add = (order: readonly number[]) =>
    engine.write(async (ask) => {
      tries++;
      const sql = "UPDATE number SET n = n + 1 WHERE id = $1";
      await ask(sql, [order[0]]);
      both[order[0]! - 1]!.resolve();
      await Promise.all(both.map(({ promise }) => promise));
      await ask(sql, [order[1]]);
    });
  await Promise.all([add([1, 2]), add([2, 1])]);
  assert.ok(tries > 2, `${tries} tries`);
  const { rows } = await engine.read((ask) => ask("SELECT n FROM number"));
  assert.deepEqual(rows, [{ n: 2 }, { n: 2 }]);
});

Deno.test("a way that falls silent is noticed within seconds, and used again once it is well", async () => {
  const socket = await server.createDatabase();
  await using gate = await Gate.open(ALIAS, [server.port]);
  const url = server.tcpUrlOf(socket, ALIAS);
  await using engine = engineOf(url);
  await server.allowPlain();
  const told: string[] = [];
  let connects = 0;
  const listening = listen(engine, {
    channels: ["words"],
    onNotice: (channel, payload) => told.push(`${channel} ${payload}`),
    onConnected: () => Promise.resolve(void connects++),
    retryMs: 20,
    pingMs: 50,
  });
  await until(() => connects === 1, "it listens");
  await engine.write((ask) => ask("SELECT pg_notify('words', 'first')"));
  await until(() => told.length === 1, "it is told");
  const began = performance.now();
  const writing = fault(engine.write(async (ask) => {
    await ask("SELECT 1");
    gate.silence();
    await ask("SELECT 2");
  }));
  assert.match(await writing, /see that the server runs/);
  // Once 2.6 s, as 1.5 s more than its 0.1 s for a lock and 1 s of work.
  assert.ok(performance.now() - began < 4_500, "its deadline is waited for once");
  assert.match(await fault(one(engine)), /see that the server runs/);
  gate.speak();
  gate.reset();
  await until(() => connects > 1, "it listens again");
  assert.equal(await one(engine), 1);
  await engine.write((ask) => ask("SELECT pg_notify('words', 'second')"));
  await until(() => told.length === 2, "it is told again");
  assert.deepEqual(told, ["words first", "words second"]);
  await listening.close();
});

Deno.test("what no synchronous standby confirms is not acknowledged, and takes no connection for as long", async () => {
  await using engine = engineOf(await server.createDatabase());
  await engine.write((ask) => ask("CREATE TABLE kept (word text)"));
  const keep = (word: string) => engine.write((ask) => ask("INSERT INTO kept VALUES ($1)", [word]));
  {
    await using _standby = await server.waitForStandby();
    // The server reads its settings a moment after it was told to.
    const acknowledged: string[] = [];
    const refused = (async () => {
      while (true) {
        await keep("early");
        acknowledged.push("early");
      }
    })();
    assert.match(await fault(refused), /Query read timeout; .*synchronous_standby_names/);
    const { rows } = await engine.read((ask) => ask<{ word: string }>("SELECT word FROM kept"));
    // It holds, as what is committed when the answer is lost.
    assert.equal(rows.length, acknowledged.length + 1);
    // Nor is what finds it done already.
    const again = "DELETE FROM kept WHERE word = 'gone before'";
    assert.match(await fault(engine.write((ask) => ask(again))), /Query read timeout/);
    const waiting = "SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    assert.equal((await engine.read((ask) => ask(waiting))).count, 0);
  }
  await keep("confirmed");
});
