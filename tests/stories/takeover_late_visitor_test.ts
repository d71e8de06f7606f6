import assert from "node:assert/strict";
import { sleep } from "../../lib/net/pause.ts";
import { setUpGlosson } from "./glosson.ts";
import { type Relay, startRelay } from "./relay.ts";
import { HOST, silentVisitor } from "./staying_visitor.ts";
import { visit } from "./user.ts";

/** Who came longer ago has been given up by the relay by now, or is about to be, milliseconds. */
const LIVELY_MS = 4_000;

/** Visitors who come one after another and say nothing, until something is there; those who can still say something. */
async function arriveUntil(relay: Relay, over: Promise<unknown>) {
  const arrived: { at: number; visitor: Awaited<ReturnType<typeof silentVisitor>> }[] = [];
  let isOver = false;
  over.finally(() => isOver = true);
  while (!isOver) {
    arrived.push({ at: performance.now(), visitor: await silentVisitor(relay) });
    await sleep(50);
  }
  const [lively, others] = [true, false].map((isLively) =>
    arrived.filter(({ at }) => performance.now() - at < LIVELY_MS === isLively)
      .map(({ visitor }) => visitor)
  );
  for (const visitor of others!) visitor.close();
  return lively!;
}

Deno.test({
  name: "visitors who came before a relay's place was taken, and say so after, meet the client",
  // Relays of other systems cannot share ports.
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using old = await startRelay();
    await using client = await setUpGlosson(old, "kaylee");
    await client.run().said(/Online/);
    await using stack = new AsyncDisposableStack();
    const starting = startRelay({ dir: old.dir, takeover: true });
    const left = Promise.all([
      starting.then((relay) => stack.use(relay).logged("client online", { username: "kaylee" })),
      old.logged("another process has this relay's place: it ends with its last visitor"),
    ]);
    const visitors = await arriveUntil(old, left);
    const relay = await starting;
    const greeted = await Promise.all(visitors.map(async (visitor) => {
      using greeted = await visitor.greet();
      return [await greeted.status(), await greeted.status()].join();
    }));
    assert.deepEqual([...new Set(greeted)], ["HTTP/1.1 200 OK,HTTP/1.1 200 OK"]);
    await old.readerGone;
    const met = old.lines.filter(({ outcome, serverName }) =>
      outcome === "dialled" && serverName === HOST
    );
    assert.ok(met.length > 0, "some had come to the relay before");
    assert.equal((await visit(relay, HOST)).status, 200);
  },
});
