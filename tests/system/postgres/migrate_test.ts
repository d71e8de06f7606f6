import assert from "node:assert/strict";
import { readNames } from "../../../lib/store/open.ts";
import { TABLES } from "../../../lib/store/transfer_tables.ts";
import { moveFromPostgres, moveToPostgres } from "../../../lib/store/transfer.ts";
import { parsePostgresUrl } from "../../../lib/wire/postgres_url.ts";
import { openPostgres } from "../../../lib/store/postgres/open.ts";
import { endOf } from "../../../scripts/run.ts";
import { temporaryFolder } from "../../certificate/helpers.ts";
import { storeIn, storePath } from "../../store/helpers.ts";
import { TRACE } from "../../store/trace.ts";
import { glossondCommand } from "../../stories/admin_command.ts";
import { PostgresServer } from "./server.ts";
import { fillState, rowsOf } from "./state.ts";

/** How many accounts: `GLOSSON_TEST_ACCOUNTS=10000` for as many as the issue asks for. */
const ACCOUNTS = Number(Deno.env.get("GLOSSON_TEST_ACCOUNTS") ?? 1_200);

let server: PostgresServer;

Deno.test.beforeAll(async () => {
  server = await PostgresServer.start();
});

Deno.test.afterAll(() => server[Symbol.asyncDispose]());

Deno.test("what is carried over to PostgreSQL and back is the same", async () => {
  await using folder = temporaryFolder();
  const path = storePath(folder.path);
  const token = await fillState(folder.path, ACCOUNTS);
  const before = rowsOf(path);
  for (const { name } of TABLES) assert.ok(before[name]!.length > 0, `${name} has rows`);
  const url = await server.createDatabase();
  const migrate = async (to: string) =>
    await endOf(glossondCommand(folder.path, ["migrate", "--to", to], { DATABASE_URL: url }));
  const there = await migrate("postgres");
  assert.equal(there.code, 0, there.text);
  assert.match(there.stdout, new RegExp(`^account 0.* ${ACCOUNTS}\nblocked_name `));
  assert.deepEqual(rowsOf(`${path}.moved`), before);
  await assert.rejects(readNames({ stateDir: folder.path }), /carried over to PostgreSQL: put/);

  const address = parsePostgresUrl(url);
  assert.equal(
    (await readNames({ stateDir: folder.path, database: { address } })).usernames.length,
    ACCOUNTS,
  );
  const again = await migrate("postgres");
  assert.match(again.text, /There is no \S+glossond\.sqlite to carry over/);

  const back = await migrate("sqlite");
  assert.equal(back.code, 0, back.text);
  assert.deepEqual(rowsOf(path), before);
  const refused = await migrate("postgres");
  assert.match(refused.text, /not empty \(account\)/);
  assert.deepEqual(rowsOf(path), before);

  // What is added there comes behind what was carried over.
  const store = await openPostgres({ address });
  assert.equal((await store.accounts.byToken(token))?.username, "user0");
  await store.acts.note({ act: "reload", ...TRACE });
  assert.equal((await store.acts.list()).at(-1)?.act, "reload");
  await store.close();
});

Deno.test("wherever carrying over is interrupted, what was there is good and there is nothing else", async () => {
  await using folder = temporaryFolder();
  const path = storePath(folder.path);
  await fillState(folder.path, 3);
  const before = rowsOf(path);
  const address = parsePostgresUrl(await server.createDatabase());
  for (const { name } of TABLES) {
    const cut = (table: string, rows: number): void => {
      if (table === name && rows > 0) throw new Error("interrupted");
    };
    await assert.rejects(moveToPostgres(folder.path, { address }, cut), /interrupted/);
    assert.deepEqual(rowsOf(path), before);
    const count = await server.psql(`SELECT count(*) FROM account`, address.database);
    assert.equal(count, "0");
  }
  await moveToPostgres(folder.path, { address }, () => {});
  for (const { name } of TABLES) {
    const cut = (table: string): void => {
      if (table === name) throw new Error("interrupted");
    };
    await assert.rejects(moveFromPostgres(folder.path, { address }, cut), /interrupted/);
    await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
  }
  await moveFromPostgres(folder.path, { address }, () => {});
  assert.deepEqual(rowsOf(path), before);
  storeIn(folder.path).close();
});
