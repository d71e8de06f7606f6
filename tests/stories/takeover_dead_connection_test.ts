import assert from "node:assert/strict";
import { sleep } from "../../lib/net/pause.ts";
import { helloFor } from "./hub_visitor.ts";
import { type Relay, startRelay } from "./relay.ts";
import { HOST } from "./staying_visitor.ts";
import { connectControl, dialData, readJoin, signUp } from "./user.ts";

/** So long after they came visitors are at the relay, and not at the one that takes its place, milliseconds. */
const BEFORE_MS = 500;

/** A visitor who came before something is there, and has said nothing. */
async function silentUntil(relay: Relay, over: Promise<unknown>): Promise<Deno.TcpConn> {
  const came: { at: number; conn: Deno.TcpConn }[] = [];
  let isOver = false;
  over.then(() => isOver = true);
  while (!isOver) {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: relay.ports.hub! });
    came.push({ at: performance.now(), conn });
    await sleep(100);
  }
  const visitor = came.findLast(({ at }) => performance.now() - at > BEFORE_MS);
  for (const one of came) if (one !== visitor) one.conn.close();
  assert.ok(visitor);
  return visitor.conn;
}

for (const others of [1, 2]) {
  Deno.test({
    name:
      `a visitor whose parked connection is dead gets another from the relay that the client is at by then, of ${others} that wait for the place`,
    // Relays of other systems cannot share ports.
    ignore: Deno.build.os !== "linux",
    fn: async () => {
      const settings = { DRAIN_SECONDS: "60" };
      await using old = await startRelay({ settings });
      const user = await signUp(old, "kaylee");
      await using link = await connectControl(old, user);
      link.send({ type: "pool", size: 1 });
      // Nothing that it is sent is answered, as where a NAT forgot it.
      using dead = await dialData(old, (await link.next("tickets")).tickets[0]);
      const leaving = silentUntil(old, old.logged("another process takes this relay's place"));
      await sleep(2 * BEFORE_MS);
      await using stack = new AsyncDisposableStack();
      const starting = Array.from(
        { length: others },
        async () => stack.use(await startRelay({ dir: old.dir, takeover: true, settings })),
      );
      const came = await leaving;
      await came.write(helloFor(HOST));
      const relay = await Promise.any(starting);
      // Which stays for as long as the visitor does.
      using visitor = came;
      assert.deepEqual((await readJoin(dead)).rest, helloFor(HOST));
      await link.next("goodbye");
      await using again = await connectControl(relay, user);
      const answer = visitor.read(new Uint8Array(8));
      const first = await Promise.race([again.next("connect"), answer]);
      assert.ok(first !== null && typeof first === "object", "the client is asked for another");
      using conn = await dialData(relay, first.ticket);
      assert.deepEqual((await readJoin(conn)).rest, helloFor(HOST));
      await conn.write(Uint8Array.of(0x16));
      assert.equal(await answer, 1);
      await Promise.all(starting);
    },
  });
}
