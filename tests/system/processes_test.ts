import assert from "node:assert/strict";
import { until } from "../certificate/helpers.ts";
import { grantToken } from "../store/grant_token.ts";
import { glossondCommand } from "../stories/admin_command.ts";
import { metricsOf } from "../stories/metrics.ts";
import { BASE, type Relay, startRelay } from "../stories/relay.ts";
import { dialDataSocket } from "../stories/data_socket.ts";
import { type User, visit } from "../stories/user.ts";
import { openPostgres } from "../../lib/store/postgres/open.ts";
import { parsePostgresUrl } from "../../lib/wire/postgres_url.ts";
import { PostgresServer } from "./postgres/server.ts";
import { assertServed, type Client, startClient } from "./processes/client.ts";
import { type Process, processesOf, stayAt } from "./processes/process.ts";

const USERS = 20;

/** At which processes visitors have met a user's client. */
function servedBy({ lines }: Relay, { user }: Client): Set<unknown> {
  return new Set(
    lines.filter(({ message, serverName, outcome }) =>
      message === "visitor's connection ended" && serverName === user.hostname &&
      ["parked", "dialled"].includes(String(outcome))
    ).map((line) => line.process),
  );
}

/** Visits a client until visitors have met it at both processes, which know of it by then. */
async function metAtBoth(relay: Relay, client: Client): Promise<void> {
  await until(
    async () => {
      await visit(relay, client.user.hostname);
      return servedBy(relay, client).size === 2;
    },
    `visitors of ${client.user.username} at each process`,
    30_000,
  );
}

/** Runs a command, and returns what it printed. */
async function ask({ stateDir }: Relay, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await glossondCommand(stateDir, args).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

Deno.test("a relay of two processes is one relay, and outlives the end of one of them", async (t) => {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await PostgresServer.start());
  const DATABASE_URL = await database.createDatabase();
  const settings = { DATABASE_URL, PROCESSES: "2", RELAY_ID: "r" };
  let relay = stack.use(await startRelay({ settings }));
  await relay.logged("ready", { processes: 2 });
  const store = await openPostgres({ address: parsePostgresUrl(DATABASE_URL) });
  stack.defer(() => store.close());
  const userOf = async (username: string): Promise<User> => {
    const token = await grantToken(store, username);
    return { username, hostname: `${username}.${BASE}`, token };
  };
  const clients = await Promise.all(Array.from({ length: USERS }, async (_, i) => {
    return stack.use(await startClient(relay, await userOf(`user${i}`)));
  }));
  const [first, second] = (await processesOf(relay)).values();
  const at = (process: Process): Client[] =>
    clients.filter(({ dataPort }) => dataPort === process.dataPort);

  await t.step("each has a data port and clients, and pages come from both", async () => {
    assert.equal(at(first!).length + at(second!).length, USERS);
    assert.ok(at(first!).length > 0 && at(second!).length > 0);
    for (const client of clients) {
      await metAtBoth(relay, client);
    }
  });

  await t.step("the operator asks one relay", async () => {
    const { cluster } = JSON.parse(await ask(relay, "status", "--json"));
    assert.deepEqual(cluster.relays.map(({ id }: { id: string }) => id), ["r", "r-2"]);
    const online = (await ask(relay, "users")).split("\n").filter((l) => /\bonline\b/.test(l));
    assert.equal(online.length, USERS);
    const text = await metricsOf(relay);
    const sessions = [...text.matchAll(/^glossond_sessions\{relay="(.*)"\} (\d+)$/gm)];
    assert.deepEqual(sessions.map(([, id]) => id).sort(), ["r", "r-2"]);
    assert.equal(sessions.reduce((sum, [, , count]) => sum + Number(count), 0), USERS);
    assert.equal(text.match(/^# TYPE glossond_sessions gauge$/gm)?.length, 1);
    Deno.kill(relay.pid, "SIGHUP");
    for (const process of [1, 2]) {
      await relay.logged("settings read again, nothing is different", { process });
    }
  });

  await t.step("data connections over WebSocket come to whichever process", async () => {
    const user = await userOf("restricted");
    await using client = await startClient(relay, user, dialDataSocket);
    await metAtBoth(relay, client);
    for (let i = 0; i < 10; i++) await assertServed(relay, client);
  });

  await t.step("a page is at both as soon as its client is told that it is online", async () => {
    for (let i = 0; i < 10; i++) {
      const user = await userOf(`new${i}`);
      await using client = await startClient(relay, user);
      await Promise.all(Array.from({ length: 8 }, () => assertServed(relay, client)));
    }
  });

  await t.step("kill -9 of one: its users are back within 15 s, nobody else notices", async () => {
    const [lost, others] = [at(second!), at(first!)];
    // At the one that stays, whoever hears of the other's end.
    await using stays = new AsyncDisposableStack();
    const { hostname } = others[0]!.user;
    const guest = stays.use(await stayAt(relay, hostname, first!));
    Deno.kill(second!.pid, "SIGKILL");
    await relay.logged("a process ended, and is started anew", { process: 2 });
    const begin = performance.now();
    while (lost.some(({ dataPort }) => dataPort === undefined || dataPort === second!.dataPort)) {
      for (const other of others) await assertServed(relay, other);
      assert.equal(await guest.ask(), 200);
      assert.ok(performance.now() - begin < 15_000, "they are not back");
    }
    for (const client of lost) await assertServed(relay, client);
    assert.ok(performance.now() - begin < 15_000, "their pages are not back");
    assert.equal(await guest.ask(), 200);
    await until(async () => (await processesOf(relay)).get(2)?.dataPort !== second!.dataPort, "it");
  });

  await t.step("another relay of two takes its place, and no page is missing", async () => {
    const before = relay;
    relay = stack.use(await startRelay({ dir: before.dir, settings, takeover: true }));
    await relay.logged("ready", { processes: 2 });
    assert.equal((await before.stop("SIGCONT")).code, 0);
    for (const client of clients) await assertServed(relay, client);
    assert.deepEqual([...(await processesOf(relay)).keys()], [1, 2]);
  });

  await t.step("kill -9 of the one that started them has all stop", async () => {
    const pids = Array.from((await processesOf(relay)).values(), ({ pid }) => pid);
    await relay.stop("SIGKILL");
    for (const pid of pids) {
      // Of one that nobody has waited for there is nothing left but its number.
      assert.equal(await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => ""), "");
    }
  });
});

Deno.test("a relay of several processes without a database says what it needs", async () => {
  await assert.rejects(
    startRelay({ settings: { PROCESSES: "2" } }),
    /GLOSSOND_PROCESSES is 2.*DATABASE_URL/,
  );
});
