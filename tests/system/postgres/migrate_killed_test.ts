import assert from "node:assert/strict";
import { readNames } from "../../../lib/store/open.ts";
import { parsePostgresUrl } from "../../../lib/wire/postgres_url.ts";
import { sendSignal } from "../../../scripts/process.ts";
import { endOf, type Ran } from "../../../scripts/run.ts";
import { temporaryFolder } from "../../certificate/helpers.ts";
import { storePath } from "../../store/helpers.ts";
import { glossondCommand } from "../../stories/admin_command.ts";
import { Interrupter } from "./interrupter.ts";
import { PostgresServer } from "./server.ts";
import { fillState, rowsOf } from "./state.ts";

let server: PostgresServer;

Deno.test.beforeAll(async () => {
  server = await PostgresServer.start();
});

Deno.test.afterAll(() => server[Symbol.asyncDispose]());

/** A folder with an embedded database, and an empty one that is reached over what can be interrupted. */
async function world() {
  await using stack = new AsyncDisposableStack();
  const { path: stateDir } = stack.use(temporaryFolder());
  await fillState(stateDir, 3);
  const { database } = parsePostgresUrl(await server.createDatabase());
  const way = stack.use(await Interrupter.open(server, database));
  const migrate = (to: string): Deno.Command =>
    glossondCommand(stateDir, ["migrate", "--to", to], { DATABASE_URL: way.url });
  const kept = stack.move();
  return {
    ...{ stateDir, path: storePath(stateDir), way },
    /** How many accounts are there. */
    carried: () => server.psql("SELECT count(*) FROM account", database),
    /** Whose accounts a relay has that goes on with it. */
    usernames: async () =>
      (await readNames({ stateDir, database: { address: parsePostgresUrl(way.url) } })).usernames,
    migrate: (to: string): Promise<Ran> => endOf(migrate(to)),
    /** Kills one once it has come to a place. */
    async killAt(to: string, place: Promise<void>): Promise<void> {
      const process = migrate(to).spawn();
      const output = process.output();
      await Promise.race([place, output]);
      sendSignal(process, "SIGKILL");
      assert.equal((await output).signal, "SIGKILL");
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

Deno.test("a migrate that is killed amid its work has carried nothing over, and can be run again", async () => {
  await using it = await world();
  const before = rowsOf(it.path);
  await it.killAt("postgres", it.way.at("INSERT INTO act ", "hold question"));
  assert.deepEqual(rowsOf(it.path), before);
  assert.equal(await it.carried(), "0");
  const there = await it.migrate("postgres");
  assert.equal(there.code, 0, there.text);
  assert.equal(await it.carried(), "3");

  await it.killAt("sqlite", it.way.at("FROM act ", "hold question"));
  await assert.rejects(Deno.stat(it.path), Deno.errors.NotFound);
  const back = await it.migrate("sqlite");
  assert.equal(back.code, 0, back.text);
  assert.deepEqual(rowsOf(it.path), before);
});

/** How a migrate may end over the answer to its commit, which has carried all over. */
const ENDS = {
  async "is killed"(it, committed) {
    await it.killAt("postgres", committed("hold answer"));
  },
  async "loses its connection"(it, committed) {
    const lost = committed("lose answer");
    const cut = await it.migrate("postgres");
    await lost;
    assert.equal(cut.code, 1);
    assert.match(cut.text, /see that the server runs/);
  },
} satisfies Record<
  string,
  (
    it: Awaited<ReturnType<typeof world>>,
    committed: (how: "hold answer" | "lose answer") => Promise<void>,
  ) => Promise<void>
>;

for (const [how, end] of Object.entries(ENDS)) {
  Deno.test(`after a migrate that ${how} as it commits the relay goes on as the next one says`, async () => {
    await using it = await world();
    const before = rowsOf(it.path);
    await end(it, async (how) => {
      // The commit before is the schema's.
      await it.way.at("LOCK TABLE", "none");
      await it.way.at("COMMIT", how);
    });
    assert.deepEqual(rowsOf(it.path), before);
    assert.equal(await it.carried(), "3");
    const again = await it.migrate("postgres");
    assert.equal(again.code, 1);
    assert.match(again.text, /not empty \(account\).* cut off, move glossond\.sqlite aside/);
    await Deno.rename(it.path, `${it.path}.aside`);
    assert.deepEqual(await it.usernames(), ["user0", "user1", "user2"]);
  });
}
