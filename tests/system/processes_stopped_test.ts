import assert from "node:assert/strict";
import { openPostgres } from "../../lib/store/postgres/open.ts";
import { parsePostgresUrl } from "../../lib/wire/postgres_url.ts";
import { until } from "../certificate/helpers.ts";
import { grantToken } from "../store/grant_token.ts";
import { glossondCommand } from "../stories/admin_command.ts";
import { dialDataSocket } from "../stories/data_socket.ts";
import { metricsOf } from "../stories/metrics.ts";
import { BASE, startRelay } from "../stories/relay.ts";
import { visit } from "../stories/user.ts";
import { PostgresServer } from "./postgres/server.ts";
import { assertServed, type Client, startClient } from "./processes/client.ts";
import { processesOf, stayAt } from "./processes/process.ts";

/** How many come at once: that the kernel has all of them wait for one process of two is one in 65,000. */
const MANY = 16;

/** Tries something many times at once: the first that comes about, and all. */
function many<T>(attempt: () => Promise<T>): { first: Promise<T>; all: Promise<T[]> } {
  const tries = Array.from({ length: MANY }, attempt);
  const tried = { first: Promise.any(tries), all: Promise.all(tries) };
  // Where the test fails before it waits for them.
  for (const each of Object.values<Promise<unknown>>(tried)) each.catch(() => {});
  return tried;
}

Deno.test("a process of a relay that is stopped holds up no other one, nor commands", async () => {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await PostgresServer.start());
  const DATABASE_URL = await database.createDatabase();
  const settings = { DATABASE_URL, PROCESSES: "2", RELAY_ID: "r" };
  const relay = stack.use(await startRelay({ settings }));
  await relay.logged("ready", { processes: 2 });
  const store = await openPostgres({ address: parsePostgresUrl(DATABASE_URL) });
  stack.defer(() => store.close());
  const clients: Client[] = [];
  for (const at = new Set(); at.size < 2; at.add(clients.at(-1)!.dataPort)) {
    const username = `user${clients.length}`;
    const token = await grantToken(store, username);
    const user = { username, hostname: `${username}.${BASE}`, token };
    clients.push(stack.use(await startClient(relay, user)));
  }
  const [first, second] = (await processesOf(relay)).values();
  const { user } = clients.find(({ dataPort }) => dataPort === second!.dataPort)!;
  await until(
    async () =>
      (await many(() => visit(relay, user.hostname)).all).every(({ status }) => status === 200),
    "the client is known at both",
  );
  using guest = await stayAt(relay, user.hostname, second!);

  Deno.kill(first!.pid, "SIGSTOP");
  const visits = many(() => visit(relay, user.hostname));
  // Each is asked of the process that is stopped.
  const madeUp = many(async () => {
    const socket = await dialDataSocket(relay, "A".repeat(22));
    return (await socket.closed).code;
  });
  const metrics = many(() => metricsOf(relay));
  const status = await glossondCommand(relay.stateDir, ["status", "--json"]).output();
  assert.equal(status.code, 0, new TextDecoder().decode(status.stderr));
  assert.equal((await visits.first).body, user.username);
  assert.equal(await madeUp.first, 4403);
  const relays = (await metrics.first).matchAll(/^glossond_sessions\{relay="(.*)"\}/gm);
  assert.deepEqual(Array.from(relays, ([, id]) => id), ["r-2"]);
  assert.equal(await guest.ask(), 200);
  Deno.kill(first!.pid, "SIGCONT");

  const bodies = (await visits.all).map(({ body }) => body);
  assert.deepEqual(bodies, Array(MANY).fill(user.username));
  assert.deepEqual(await madeUp.all, Array(MANY).fill(4403));
  await metrics.all;
  for (const client of clients) await assertServed(relay, client);
});
