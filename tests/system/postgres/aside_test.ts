import assert from "node:assert/strict";
import { settleWithin } from "../../../lib/net/pause.ts";
import { CHANGE_LOCK } from "../../../lib/store/postgres/change_lock.ts";
import { CLOSE } from "../../../lib/wire/messages.ts";
import { parsePostgresUrl } from "../../../lib/wire/postgres_url.ts";
import { temporaryFolder, until } from "../../certificate/helpers.ts";
import { glossond, glossondCommand } from "../../stories/admin_command.ts";
import { joinVisitors, signUp, startPage } from "../../stories/user.ts";
import { stay } from "../cluster/bystander.ts";
import { type Cluster, startCluster, statusAt } from "../cluster/relays.ts";
import { DisposableEngine } from "./stores.ts";

/** How long what a command changed may take to hold, milliseconds: a look of the relays, and some. */
const WITHIN_MS = 6_000;

/** A command on a machine where no relay runs. */
function aside({ url }: Cluster, stateDir: string, ...words: string[]): Deno.ChildProcess {
  return glossondCommand(stateDir, ["users", ...words], { DATABASE_URL: url }).spawn();
}

/** A user at relay a, and visitors of theirs at both. */
async function online(stack: AsyncDisposableStack, { all }: Cluster, username: string) {
  const [a, b] = [all.a!, all.b!];
  const user = await signUp(a, username);
  const page = stack.use(await startPage(a, user, () => new Response("here"), "http/1.1"));
  const { link } = stack.use(await joinVisitors(a, user, page.port));
  await until(async () => await statusAt(b, user.hostname) === 200, "the page is at both");
  const guests = [
    stack.use(await stay(a, user.hostname, a.ca)),
    stack.use(await stay(b, user.hostname, a.ca)),
  ];
  return { user, link, guests };
}

Deno.test("what a command does where no relay runs holds at all relays, also when it is killed before it told", async (t) => {
  await using stack = new AsyncDisposableStack();
  const relays = stack.use(await startCluster(["a", "b"]));
  const { path } = stack.use(temporaryFolder());
  const both = [relays.all.a!, relays.all.b!];

  await t.step("a block ends the session, and visitors at both", async () => {
    await using own = new AsyncDisposableStack();
    const { user, link, guests } = await online(own, relays, "kaylee");
    const { code, stdout } = await aside(relays, path, "block", "kaylee").output();
    assert.equal(code, 0);
    assert.match(new TextDecoder().decode(stdout), / the database was changed, by which others /);
    assert.equal((await within(link.closed)).code, CLOSE.revoked);
    for (const guest of guests) await within(assert.rejects(guest.ask()));
    for (const relay of both) assert.equal(await statusAt(relay, user.hostname), 451);
  });

  await t.step("limits hold at both", async () => {
    await signUp(both[0]!, "river");
    const command = aside(relays, path, "limit", "river", "--connections", "3");
    assert.equal((await command.output()).code, 0);
    for (const relay of both) {
      await within(relay.logged("another relay tells", { kind: "limits", username: "river" }));
    }
  });

  await t.step(
    "a block holds that no standby has confirmed, though its command has failed",
    async () => {
      await using own = new AsyncDisposableStack();
      const { link, guests } = await online(own, relays, "simon");
      own.use(await relays.database.waitForStandby());
      const waits = "SHOW synchronous_standby_names";
      await until(
        async () => await relays.database.psql(waits, "postgres") === "nobody",
        "commits wait",
      );
      const failed = await glossond(both[0]!.stateDir, "users", "block", "simon");
      assert.equal(failed.code, 1, failed.stderr);
      assert.equal((await within(link.closed)).code, CLOSE.revoked);
      for (const guest of guests) await within(assert.rejects(guest.ask()));
    },
  );

  await t.step("a block holds whose command is killed once it is committed", async () => {
    await using own = new AsyncDisposableStack();
    const { link, guests } = await online(own, relays, "inara");
    await using engine = new DisposableEngine({ address: parsePostgresUrl(relays.url) });
    const told = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    const holding = engine.write(async (ask) => {
      await ask("SELECT pg_advisory_xact_lock($1, $2)", [...CHANGE_LOCK]);
      held.resolve();
      await told.promise;
    });
    await held.promise;
    const command = aside(relays, path, "block", "inara");
    const blocked = "SELECT count(*) FROM blocked_name WHERE username = 'inara'";
    await until(
      async () => (await engine.read((ask) => ask<{ count: number }>(blocked))).rows[0]!.count > 0,
      "it is committed",
    );
    command.kill("SIGKILL");
    assert.equal((await command.output()).success, false);
    told.resolve();
    await holding;
    assert.equal((await within(link.closed)).code, CLOSE.revoked);
    for (const guest of guests) await within(assert.rejects(guest.ask()));
  });
});

/** Fails where it takes longer than what a command changed may take to hold. */
async function within<T>(settled: Promise<T>): Promise<T> {
  let isSettled = false;
  await settleWithin(WITHIN_MS, [settled.finally(() => isSettled = true)]);
  assert.ok(isSettled, `it does not hold within ${WITHIN_MS} ms`);
  return await settled;
}
