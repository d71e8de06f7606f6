import assert from "node:assert/strict";
import { lookAtPostgres } from "../../../lib/store/postgres/look.ts";
import { openPostgres } from "../../../lib/store/postgres/open.ts";
import { MIGRATIONS } from "../../../lib/store/postgres/schema.ts";
import { parsePostgresUrl } from "../../../lib/wire/postgres_url.ts";
import { grantToken } from "../../store/grant_token.ts";
import { openPostgresCluster } from "../../../lib/cluster/postgres/open.ts";
import { answers, freePort } from "../../../scripts/ports.ts";
import { startServer } from "../../../scripts/server.ts";
import { PostgresServer } from "./server.ts";
import { DisposableEngine } from "./stores.ts";

const PGBOUNCER = "/usr/sbin/pgbouncer";

let server: PostgresServer;

Deno.test.beforeAll(async () => {
  server = await PostgresServer.start();
});

Deno.test.afterAll(() => server[Symbol.asyncDispose]());

/** A new database for which something is set that all its sessions begin with. */
async function databaseWith(...settings: string[]): Promise<{ url: string; name: string }> {
  const url = await server.createDatabase();
  const name = parsePostgresUrl(url).database;
  for (const setting of settings) {
    await server.psql(`ALTER DATABASE ${name} SET ${setting}`, "postgres");
  }
  return { url, name };
}

async function refusal(url: string): Promise<string> {
  const place = { address: parsePostgresUrl(url) };
  const error = await openPostgres(place).then((store) => store.close(), (error) => error);
  assert.ok(error instanceof Error, "it was opened");
  return error.message;
}

/** Has PgBouncer before the server for as long as `use` takes. */
async function withPooler(settings: string, use: (port: number) => Promise<void>): Promise<void> {
  const port = freePort();
  const file = await Deno.makeTempFile({ prefix: "glossond-pgbouncer-" });
  await Deno.writeTextFile(
    file,
    `[databases]
* = host=${server.folder} port=${server.port} user=glossond
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
${settings}
`,
  );
  await Deno.chmod(file, 0o644);
  try {
    // It refuses to be root.
    const user = Deno.uid() === 0 ? ["-u", "nobody"] : [];
    await using _pooler = await startServer("PgBouncer", [PGBOUNCER, ...user, file], {
      isUp: () => answers(port),
      withinMs: 10_000,
    });
    await use(port);
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("relays start at once, and one order is the last one, whatever isolation is usual there", async () => {
  for (const isolation of ["repeatable read", "serializable"]) {
    const { url, name } = await databaseWith(`default_transaction_isolation = '${isolation}'`);
    const address = parsePostgresUrl(url);
    const stores = await Promise.all([1, 2, 3].map(() => openPostgres({ address })));
    try {
      const schema = await server.psql("SELECT version FROM glossond_schema", name);
      assert.equal(schema, `${MIGRATIONS.length}`);
      const rules = { limit: 1, windowMs: 9e12, underWay: [], superseded: "{}" };
      const submitted = await Promise.all(
        stores.flatMap((store, i) =>
          [`${i}a`, `${i}b`].map((id) =>
            store.orders.submit({ id, username: "kaylee", csr: id, createdAt: 1_000 }, rules)
          )
        ),
      );
      const states = submitted.map(({ state }) => state).sort();
      assert.deepEqual(states, [...Array(5).fill("limited"), "queued"], isolation);
    } finally {
      await Promise.all(stores.map((store) => store.close()));
    }
  }
});

Deno.test("what is acknowledged is on disk, and relays find each other, whatever the database has set", async () => {
  const { url } = await databaseWith(
    ...["synchronous_commit = off", "array_nulls = off", "bytea_output = escape"],
    ...["statement_timeout = '1ms'", "lock_timeout = '1ms'", "extra_float_digits = -15"],
    ...["idle_in_transaction_session_timeout = '1ms'", "client_encoding = 'LATIN1'"],
    ...["standard_conforming_strings = off", "row_security = off", "client_min_messages = error"],
  );
  const address = parsePostgresUrl(url);
  const store = await openPostgres({ address });
  const me = { relay: "a", boot: "a1", version: "test", data: { dataHost: "a", dataPort: 1 } };
  const relay = openPostgresCluster({ address }, me);
  await using engine = new DisposableEngine({ address });
  try {
    const token = await grantToken(store, "kaylee");
    const account = await store.accounts.setPreferences(token, { away: "à bientôt \\ 'soon' …" });
    assert.equal(account?.preferences.away, "à bientôt \\ 'soon' …");
    await relay.join();
    const epochs = await relay.announce([{ username: "kaylee", ageMs: 5 }], []);
    assert.deepEqual((await relay.onlineBehind("")).map(({ epoch }) => epoch), [
      ...epochs.values(),
    ]);
    const commits = async () => {
      const { rows: [row] } = await engine.read((ask) => ask("SHOW synchronous_commit"));
      return row!.synchronous_commit;
    };
    assert.equal(await commits(), "on");
  } finally {
    await Promise.all([store.close(), relay.leave()]);
  }
});

Deno.test("how much a standby has to know of a commit is the operator's to say", async () => {
  const { url } = await databaseWith("synchronous_commit = local");
  await using engine = new DisposableEngine({ address: parsePostgresUrl(url) });
  const { rows } = await engine.read((ask) => ask("SHOW synchronous_commit"));
  assert.deepEqual(rows, [{ synchronous_commit: "local" }]);
});

Deno.test("a server that ends idle sessions ends none of a relay's", async () => {
  const { url } = await databaseWith("idle_session_timeout = '50ms'");
  await using engine = new DisposableEngine({ address: parsePostgresUrl(url) });
  const process = async () =>
    (await engine.read((ask) => ask("SELECT pg_backend_pid() AS pid"))).rows[0]?.pid;
  const pid = await process();
  // The server's own clock runs meanwhile, by another session.
  await server.psql("SELECT pg_sleep(0.3)", "postgres");
  assert.equal(await process(), pid);
});

Deno.test("a database that cannot hold glossond's is refused with what to do", async () => {
  const latin = "ENCODING LATIN1 LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0";
  assert.match(
    await refusal(await server.createDatabase(latin)),
    /encoding LATIN1 has not every letter; .*createdb --encoding=UTF8/,
  );
  const { url: nowhere } = await databaseWith("search_path = 'nowhere'");
  assert.match(await refusal(nowhere), /search_path of glossond has a schema that is there/);
  const { url: others, name } = await databaseWith();
  await server.psql("CREATE TABLE account (id int)", name);
  assert.match(await refusal(others), /another program's tables are in it: .*createdb -O glossond/);
  assert.equal(await server.psql("SELECT to_regclass('glossond_schema')", name), "");
  const { url: owned, name: mine } = await databaseWith();
  await (await openPostgres({ address: parsePostgresUrl(owned) })).close();
  await server.psql("REASSIGN OWNED BY glossond TO postgres", mine);
  assert.match(
    await refusal(owned),
    /let glossond own the database test\d+, and all that is in it/,
  );
});

Deno.test("a pooler in between is named, also one that drops what it does not know", async () => {
  const name = parsePostgresUrl(await server.createDatabase()).database;
  const urlAt = (port: number) => `postgres://glossond@127.0.0.1:${port}/${name}`;
  await withPooler("pool_mode = transaction", async (port) => {
    assert.match(await refusal(urlAt(port)), /a pooler such as PgBouncer is in between/);
  });
  const dropping =
    "ignore_startup_parameters = options, lock_timeout, statement_timeout, idle_in_transaction_session_timeout";
  await withPooler(`pool_mode = transaction\n${dropping}`, async (port) => {
    const why = /was not told of any deadline; a pooler such as PgBouncer is in between/;
    assert.match(await refusal(urlAt(port)), why);
    const [look] = await lookAtPostgres({ address: parsePostgresUrl(urlAt(port)) });
    assert.ok(look !== undefined && "error" in look);
    assert.match(look.error.message, why);
  });
});
