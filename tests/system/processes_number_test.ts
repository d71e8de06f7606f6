import assert from "node:assert/strict";
import { endOf } from "../../scripts/run.ts";
import { glossondCommand } from "../stories/admin_command.ts";
import { MovedVisits } from "../stories/lost_in_queue.ts";
import { type Relay, startRelay } from "../stories/relay.ts";
import { signUp } from "../stories/user.ts";
import { type Guest, stay } from "./cluster/bystander.ts";
import { PostgresServer } from "./postgres/server.ts";
import { assertServed, type Client, startClient } from "./processes/client.ts";
import { processesOf, stayAt } from "./processes/process.ts";

let database: PostgresServer;

Deno.test.beforeAll(async () => {
  database = await PostgresServer.start();
});

Deno.test.afterAll(() => database[Symbol.asyncDispose]());

/** Has visitors come, one after another, to each of the clients while something is done. */
async function visitedMeanwhile<T>(
  relay: Relay,
  clients: readonly Client[],
  act: () => Promise<T>,
): Promise<T> {
  let isOver = false;
  const visits = new MovedVisits();
  const visiting = (async () => {
    while (!isOver) for (const client of clients) await visits.add(assertServed(relay, client));
  })();
  // It may fail before it is waited for.
  visiting.catch(() => {});
  try {
    return await act();
  } finally {
    isOver = true;
    await visiting;
    visits.check();
  }
}

/** A visitor who stays at each process of a relay. */
async function stayAtEach(relay: Relay, hostname: string): Promise<Guest[]> {
  const processes = [...(await processesOf(relay)).values()];
  return await Promise.all(processes.map((process) => stayAt(relay, hostname, process)));
}

Deno.test("a hand-over may have more processes or fewer, and no visitor notices", async () => {
  await using stack = new AsyncDisposableStack();
  const settings = {
    DATABASE_URL: await database.createDatabase(),
    RELAY_ID: "r",
    DRAIN_SECONDS: "600",
  };
  let relay = stack.use(await startRelay({ settings }));
  const clients: Client[] = [];
  for (let i = 0; i < 8; i++) {
    clients.push(stack.use(await startClient(relay, await signUp(relay, `user${i}`))));
  }
  const { hostname } = clients[0]!.user;
  // One at each process.
  let guests = [await stay(relay, hostname, relay.ca)];
  for (const count of [3, 2, 1]) {
    const former = relay;
    relay = await visitedMeanwhile(former, clients, async () => {
      const successor = stack.use(
        await startRelay({
          dir: former.dir,
          settings: { ...settings, PROCESSES: `${count}` },
          takeover: true,
        }),
      );
      // Of several processes, the last line that says so.
      await successor.logged("ready", count > 1 ? { processes: count } : {});
      return successor;
    });
    const left = "another process has this relay's place: it ends with its last visitor";
    for (let process = 1; process <= guests.length; process++) {
      await former.logged(left, guests.length > 1 ? { process } : {});
    }
    for (const guest of guests) {
      assert.equal(await guest.ask(), 200, "its connection is the former relay's");
      guest[Symbol.dispose]();
    }
    // With its last visitor, and not when it is told to.
    await former.readerGone;
    assert.equal((await former.stop("SIGCONT")).code, 0);
    for (const client of clients) await assertServed(relay, client);
    const { stdout } = await endOf(glossondCommand(relay.stateDir, ["status", "--json"]));
    const { relays } = JSON.parse(stdout).cluster;
    assert.deepEqual(
      relays.map(({ id }: { id: string }) => id),
      ["r", "r-2", "r-3"].slice(0, count),
    );
    guests = count === 1 ? [] : await stayAtEach(relay, hostname);
  }
});

Deno.test("a hand-over to an empty database is refused, and the accounts can be carried over", async () => {
  await using relay = await startRelay();
  await using client = await startClient(relay, await signUp(relay, "kaylee"));
  const settings = { DATABASE_URL: await database.createDatabase(), PROCESSES: "2" };
  await assert.rejects(
    startRelay({ dir: relay.dir, settings, takeover: true }),
    /The accounts are in .*glossond\.sqlite, .* has none: .*glossond migrate --to postgres/,
  );
  await assertServed(relay, client);

  await relay.stop();
  const moved = await endOf(
    glossondCommand(relay.stateDir, ["migrate", "--to", "postgres"], settings),
  );
  assert.equal(moved.code, 0, moved.stderr);
  // Not at its data port, behind which another one has to be free.
  const { hub, control } = relay.ports;
  await using several = await startRelay({
    dir: relay.dir,
    settings: { ...settings, HUB_PORT: `${hub}`, CONTROL_PORT: `${control}` },
  });
  await several.logged("ready", { processes: 2 });
  await several.logged("client online", { username: "kaylee" });
  await assertServed(several, client);
});

Deno.test("processes go on at once when the one that takes the places of all dies amid it", async () => {
  await using stack = new AsyncDisposableStack();
  const settings = { DATABASE_URL: await database.createDatabase(), RELAY_ID: "r" };
  const relay = stack.use(await startRelay({ settings: { ...settings, PROCESSES: "2" } }));
  await relay.logged("ready", { processes: 2 });
  const client = stack.use(await startClient(relay, await signUp(relay, "kaylee")));
  // By then both have left visitors and data connections to it.
  const { data } = relay.ports;
  const patch = new URL(`../stories/die_at_port.ts?port=${data}`, import.meta.url).href;
  await assert.rejects(startRelay({ dir: relay.dir, takeover: true, preload: patch, settings }));
  for (const process of [1, 2]) {
    const { why } = await relay.logged(
      "the other process does not take this relay's place, so it goes on",
      { process },
    );
    assert.equal(why, "it has ended");
  }
  await assertServed(relay, client);
});
