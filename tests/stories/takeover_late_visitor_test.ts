import assert from "node:assert/strict";
import { sleep } from "../../lib/net/pause.ts";
import { setUpGlosson } from "./glosson.ts";
import { MovedVisits } from "./lost_in_queue.ts";
import { type Relay, startRelay } from "./relay.ts";
import { lateApp } from "./late_app.ts";
import { HOST, silentVisitor, stayingVisitor } from "./staying_visitor.ts";
import { visit } from "./user.ts";

/** Who came longer ago has been given up by the relay by now, or is about to be, milliseconds. */
const LIVELY_MS = 4_000;

/** Who came this long before a relay was asked to leave came to it, and not to its successor, milliseconds. */
const BEFORE_MS = 500;

/**
 * Visitors who come one after another and say nothing, until something is there; those who can still say something.
 *
 * @param beforeMs how long before that they came at the least.
 */
async function arriveUntil(relay: Relay, over: Promise<unknown>, beforeMs = 0) {
  const arrived: { at: number; visitor: Awaited<ReturnType<typeof silentVisitor>> }[] = [];
  let isOver = false;
  over.finally(() => isOver = true);
  while (!isOver) {
    arrived.push({ at: performance.now(), visitor: await silentVisitor(relay) });
    await sleep(50);
  }
  const now = performance.now();
  const { lively = [], others = [] } = Object.groupBy(
    arrived,
    ({ at }) => now - at >= beforeMs && now - at < LIVELY_MS ? "lively" : "others",
  );
  for (const { visitor } of others) visitor.close();
  return lively.map(({ visitor }) => visitor);
}

/**
 * A relay that has the place of another, at which its client is, and visitors who came to that one and have said
 * nothing yet.
 */
async function lateVisitors(stack: AsyncDisposableStack) {
  const settings = { DRAIN_SECONDS: "60" };
  const old = stack.use(await startRelay({ settings }));
  const client = stack.use(await setUpGlosson(old, "kaylee"));
  await client.run().said(/Online/);
  const asked = old.logged("another process takes this relay's place");
  const arriving = arriveUntil(old, asked, BEFORE_MS);
  // A successor asks for its place within less where the machine is fast.
  await sleep(2 * BEFORE_MS);
  const start = async () => stack.use(await startRelay({ dir: old.dir, takeover: true, settings }));
  const relay = await start();
  // The youngest have time left where the machine is slow.
  const arrived = await arriving;
  const visitors = arrived.splice(-3);
  for (const older of arrived) older.close();
  await relay.logged("client online", { username: "kaylee" });
  return { old, relay, visitors, start };
}

Deno.test({
  name: "a relay that has the place of another stays for the visitors whom that brought on to it",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using stack = new AsyncDisposableStack();
    const { old, relay, visitors, start } = await lateVisitors(stack);
    const stays = await Promise.all(visitors.map((visitor) => visitor.greet()));
    assert.ok(stays.length > 0);
    const statuses = () => Promise.all(stays.map((visitor) => visitor.status()));
    assert.deepEqual([...new Set(await statuses())], ["HTTP/1.1 200 OK"]);
    const third = await start();
    await third.logged("client online", { username: "kaylee" });
    for (let i = 0; i < 50; i++) {
      assert.deepEqual([...new Set(await statuses())], ["HTTP/1.1 200 OK"]);
      await sleep(20);
    }
    for (const visitor of stays) visitor[Symbol.dispose]();
    await Promise.all([old.readerGone, relay.readerGone]);
  },
});

Deno.test({
  name: "visitors who came before a relay's place was taken, and say so after, meet the client",
  // Relays of other systems cannot share ports.
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using old = await startRelay({ settings: { DRAIN_SECONDS: "60" } });
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
    const visits = new MovedVisits();
    const answered = new Set<string>();
    await Promise.all(visitors.map((visitor) =>
      visits.add((async () => {
        using greeted = await visitor.greet();
        answered.add([await greeted.status(), await greeted.status()].join());
      })())
    ));
    assert.deepEqual([...answered], ["HTTP/1.1 200 OK,HTTP/1.1 200 OK"]);
    visits.check();
    await old.readerGone;
    const met = old.lines.filter(({ outcome, serverName }) =>
      outcome === "dialled" && serverName === HOST
    );
    assert.ok(met.length > 0, "some had come to the relay before");
    assert.equal((await visit(relay, HOST)).status, 200);
  },
});

Deno.test({
  name:
    "visitors who say late for whom they came meet the client, though two relays wait for the place",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const settings = { DRAIN_SECONDS: "60" };
    await using old = await startRelay({ settings });
    await using client = await setUpGlosson(old, "kaylee");
    await client.run().said(/Online/);
    const left = old.logged("another process takes this relay's place");
    const visits = new MovedVisits();
    const answered = new Set<string>();
    const visiting = (async () => {
      const late: Promise<void>[] = [];
      let isOver = false;
      left.then(() => isOver = true);
      while (!isOver) {
        const visitor = await silentVisitor(old);
        late.push(visits.add(
          sleep(LIVELY_MS).then(async () => {
            using greeted = await visitor.greet();
            answered.add(await greeted.status());
          }),
        ));
        await sleep(50);
      }
      await Promise.all(late);
    })();
    await using stack = new AsyncDisposableStack();
    const starting = [1, 2].map(() => startRelay({ dir: old.dir, takeover: true, settings }));
    const relays = await Promise.all(starting.map(async (relay) => stack.use(await relay)));
    await visiting;
    assert.deepEqual([...answered], ["HTTP/1.1 200 OK"]);
    visits.check();
    await Promise.all(relays.map((relay) => relay.logged("client online", { username: "kaylee" })));
  },
});

/** How the relay ends that could tell where the client is. */
const ENDS: Record<string, (relay: Relay) => Promise<unknown>> = {
  dies: (relay) => relay.stop("SIGKILL"),
  async "stops, and stays for a visitor of its own"(relay) {
    void relay.stop();
    await relay.logged("client offline", { username: "kaylee" });
  },
};

for (const [how, end] of Object.entries(ENDS)) {
  Deno.test({
    name:
      `a late visitor is told of a restart, and of nobody's absence, where the relay that could tell ${how}`,
    ignore: Deno.build.os !== "linux",
    fn: async () => {
      await using stack = new AsyncDisposableStack();
      const { relay, visitors: [visitor, ...others] } = await lateVisitors(stack);
      for (const other of others) other.close();
      using staying = await stayingVisitor(relay);
      assert.equal(await staying.status(), "HTTP/1.1 200 OK");
      await end(relay);
      using greeted = await visitor!.greet();
      await greeted.ask("/");
      assert.match(
        await greeted.answer(),
        /^HTTP\/1.1 503 [^]*\r\nglosson-page: restarting\r\n/i,
      );
    },
  });
}

Deno.test({
  name: "a relay that stops, and stays for its visitors, has its place taken all the same",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const settings = { DRAIN_SECONDS: "60" };
    await using old = await startRelay({ settings });
    await using client = await setUpGlosson(old, "kaylee");
    await using app = lateApp();
    await client.run("--upstream", app.url).said(/Online/);
    using staying = await stayingVisitor(old);
    // Who asks nothing is to come anew: at the other relay.
    await staying.ask("/late");
    await app.asked;
    void old.stop();
    await old.logged("client offline", { username: "kaylee" });
    await using relay = await startRelay({ dir: old.dir, takeover: true, settings });
    await relay.logged("client online", { username: "kaylee" });
    assert.equal((await visit(relay, HOST)).status, 200);
    app.answer();
    assert.match(await staying.answer(), /^HTTP\/1\.1 200 OK\r\n/);
    staying[Symbol.dispose]();
    await old.readerGone;
  },
});
