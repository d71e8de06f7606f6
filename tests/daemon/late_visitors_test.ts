import assert from "node:assert/strict";
import { meetForPredecessor } from "../../lib/daemon/late_visitors.ts";
import { IdleWatch } from "../../lib/net/idle_watch.ts";
import { listenOnce } from "../../lib/net/serve_socket.ts";
import { Session } from "../../lib/session/session.ts";
import { type Redeem, Tickets } from "../../lib/session/tickets.ts";
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
