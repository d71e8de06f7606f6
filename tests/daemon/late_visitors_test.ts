import assert from "node:assert/strict";
import { BROUGHT_ON_MS, LateVisitors, meetForPredecessor } from "../../lib/daemon/late_visitors.ts";
import { IdleWatch } from "../../lib/net/idle_watch.ts";
import { listenOnce } from "../../lib/net/serve_socket.ts";
import { Session } from "../../lib/session/session.ts";
import { type Redeem, Tickets } from "../../lib/session/tickets.ts";
import { ManualClock } from "../manual_clock.ts";
import { temporaryFolder, until } from "../certificate/helpers.ts";
import { pipe } from "../net/pipe.ts";

const VISITOR = { address: "192.0.2.1", port: 1234 };

/** A session of kaylee's, and how her client brings connections. */
function kayleeOnline() {
  const tickets = new Tickets<Redeem>();
  const told: string[] = [];
  const session = new Session({
    username: "kaylee",
    tickets,
    send: (message) => message.type === "connect" && told.push(message.ticket),
  });
  return {
    told,
    find: () => Promise.resolve(session),
    /** @returns her end of it. */
    async bring() {
      await until(() => told.length > 0, "she is told");
      const [conn, client] = pipe();
      tickets.take(told.shift()!)!(conn);
      return client;
    },
  };
}

Deno.test("meetForPredecessor() keeps no client for long that does not end after its visitor", async () => {
  await using folder = temporaryFolder();
  using idle = { watch: new IdleWatch(3_600_000), [Symbol.dispose]: () => idle.watch.stop() };
  const door = `${folder.path}/door`;
  const came = Promise.withResolvers<Deno.Conn>();
  using _listening = listenOnce(door, came.resolve);
  const { find, bring } = kayleeOnline();
  const visit = meetForPredecessor(
    { find },
    { type: "visitor", username: "kaylee", visitor: VISITOR, door },
    () => {},
    idle.watch,
  );
  const client = await bring();
  (await came.promise).close();
  assert.equal(await client.read(new Uint8Array(1)), null, "the visitor's end is carried on");
  for (let i = 0; i < 9; i++) idle.watch.step();
  let isOver = false;
  visit.then(() => isOver = true);
  await until(() => isOver, "the relay has ended it");
});

Deno.test("meetForPredecessor() says so where a client comes, and its visitor's door cannot be reached", async () => {
  await using folder = temporaryFolder();
  const { find, bring } = kayleeOnline();
  const door = `${folder.path}/door`;
  const said: unknown[] = [];
  const visit = meetForPredecessor(
    { find },
    { type: "visitor", username: "kaylee", visitor: VISITOR, door },
    (unmet) => said.push(unmet),
  );
  assert.equal(await (await bring()).read(new Uint8Array(1)), null);
  await visit;
  assert.deepEqual(said, [{ type: "unmet", door, state: "timeout" }]);
});

Deno.test("LateVisitors waits so long for a successor that says nothing, and for none without a door", async () => {
  await using folder = temporaryFolder();
  const clock = new ManualClock();
  const asked: string[] = [];
  const late = new LateVisitors({
    ask: ({ username }) => asked.push(username),
    door: () => `${folder.path}/${asked.length}`,
    schedule: clock.schedule,
  });
  const { signal } = new AbortController();
  const dialled = late.reach("kaylee").dial(VISITOR, signal);
  assert.deepEqual([asked, clock.remaining], [["kaylee"], [BROUGHT_ON_MS]]);
  clock.advance(BROUGHT_ON_MS);
  assert.deepEqual(await dialled, { state: "timeout" });
  await until(() => [...Deno.readDirSync(folder.path)].length === 0, "its door is gone");

  const again = late.reach("kaylee").dial(VISITOR, signal);
  late.end();
  assert.deepEqual([await again, clock.waiting], [{ state: "ended" }, 0]);
  // Who was told of the successor just before its end.
  const last = late.reach("kaylee").dial(VISITOR, signal);
  assert.deepEqual([asked.length, clock.waiting, await last], [2, 0, { state: "ended" }]);
  const nowhere = new LateVisitors({ ask: () => {}, door: () => `${folder.path}/none/0` });
  assert.deepEqual(await nowhere.reach("kaylee").dial(VISITOR, signal), { state: "timeout" });
});
