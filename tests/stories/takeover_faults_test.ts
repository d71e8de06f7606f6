import assert from "node:assert/strict";
import { lockForHandOver } from "../../lib/file/hand_over_lock.ts";
import { endProcess } from "../../scripts/process.ts";
import { glossond, glossondCommand } from "./admin_command.ts";
import { setUpGlosson } from "./glosson.ts";
import { lateApp } from "./late_app.ts";
import { prepareRelay, type Relay, startRelay } from "./relay.ts";
import { RelayLog } from "./relay_log.ts";
import { HOST, stayingVisitor } from "./staying_visitor.ts";
import { visit } from "./user.ts";

/** Whether the relays of this system can share ports. */
const ignore = Deno.build.os !== "linux";

/** How many relays take another's place at once. */
const SUCCESSORS = 4;

/** How long a relay may take to end that waits for its turn: a part of the wait, milliseconds. */
const END_MS = 15_000;

/** Visits after which one of two relays that share the ports has been missed by chance once in a million. */
const VISITS = 20;

/** A relay that goes on waits no longer for its visitors than this, milliseconds. */
const BACK_MS = 8_000;

/** A visitor on the way in, for whom a relay that leaves its place waits half a second. */
function silentVisitor(relay: Relay): Promise<Deno.TcpConn> {
  return Deno.connect({ hostname: "127.0.0.1", port: relay.ports.hub! });
}

function successorOf(relay: Relay): Promise<Relay> {
  return startRelay({ dir: relay.dir, takeover: true });
}

/** Has a relay, and a client of kaylee's who is online. */
async function withClient(
  use: (relay: Relay) => Promise<void>,
  { settings = {}, run = [] }: { settings?: Record<string, string>; run?: string[] } = {},
): Promise<void> {
  await using relay = await startRelay({ settings });
  await using client = await setUpGlosson(relay, "kaylee");
  await client.run(...run).said(/Online/);
  await use(relay);
}

/** Whom visitors of kaylee's meet. */
async function allAreServed(relay: Relay): Promise<void> {
  for (let i = 0; i < VISITS; i++) assert.equal((await visit(relay, HOST)).status, 200);
}

/** Waits until the user's page is there, which it may not be for a moment. */
async function served(relay: Relay): Promise<void> {
  const began = performance.now();
  while (await visit(relay, HOST).then(({ status }) => status, () => 0) !== 200) {
    assert.ok(performance.now() - began < BACK_MS, "the page is not back");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

Deno.test({
  name: "relays that take another's place at once do so one after the other",
  ignore,
  fn: () =>
    withClient(async (old) => {
      await using stack = new AsyncDisposableStack();
      const relays = await Promise.all(
        Array.from({ length: SUCCESSORS }, async () => stack.use(await successorOf(old))),
      );
      // All but one end, which one is nobody's matter.
      let left = SUCCESSORS;
      await new Promise<void>((resolve) => {
        for (const { readerGone } of relays) readerGone.then(() => --left === 1 && resolve());
      });
      await served(old);
      await allAreServed(old);
      const { users } = JSON.parse((await glossond(old.stateDir, "status", "--json")).stdout);
      assert.equal(users.online, 1);
    }),
});

Deno.test({
  name: "a relay's place is taken again while one before still keeps its visitors",
  ignore,
  fn: async () => {
    await using app = lateApp();
    await withClient(async (first) => {
      using stays = await stayingVisitor(first);
      // Who asks nothing is to come anew where a hand-over takes long.
      await stays.ask("/late");
      await app.asked;
      await using second = await successorOf(first);
      await second.logged("client online", { username: "kaylee" });
      // Whoever reads its settings again meanwhile, or is told to, is none the worse for it.
      for (const { pid } of [first, second]) Deno.kill(pid, "SIGHUP");
      await using third = await successorOf(second);
      await third.logged("client online", { username: "kaylee" });
      await second.readerGone;
      assert.equal((await second.stop()).code, 0);
      app.answer();
      assert.match(
        await stays.answer(),
        /^HTTP\/1\.1 200 OK\r\n/,
        "its connection is the first relay's",
      );
      await allAreServed(third);
    }, { settings: { DRAIN_SECONDS: "600" }, run: ["--upstream", app.url] });
  },
});

Deno.test({
  name: "a relay goes on at once when its successor dies amid a hand-over",
  // The patch is no part of an executable.
  ignore: ignore || Deno.env.has("GLOSSOND_BIN"),
  fn: () =>
    withClient(async (old) => {
      // By then the old one has left visitors and data connections to it.
      const patch = new URL(`die_at_port.ts?port=${old.ports.data}`, import.meta.url).href;
      await assert.rejects(startRelay({ dir: old.dir, takeover: true, preload: patch }));
      await old.logged("the other process does not take this relay's place, so it goes on", {
        why: "it has ended",
      });
      await served(old);
      await allAreServed(old);
      await using relay = await successorOf(old);
      await relay.logged("client online", { username: "kaylee" });
      await allAreServed(relay);
    }),
});

Deno.test({
  name: "a relay whose predecessor dies amid a hand-over has its place all the same",
  ignore,
  fn: () =>
    withClient(async (old) => {
      using _visitor = await silentVisitor(old);
      const starting = successorOf(old);
      await old.logged("another process takes this relay's place");
      Deno.kill(old.pid, "SIGKILL");
      await using relay = await starting;
      await served(relay);
      await allAreServed(relay);
    }),
});

Deno.test({
  name: "a relay that is told to stop while others take the place before it does so at once",
  ignore,
  async fn() {
    await using old = await startRelay();
    const turn = await lockForHandOver(old.stateDir, 1);
    const settings = { ...await prepareRelay(old.dir), LOG: "json" };
    const waits = glossondCommand(old.stateDir, ["serve", "--takeover"], settings).spawn();
    const log = new RelayLog(waits.stderr);
    await waits.stdout.cancel();
    await log.logged("starting");
    const began = performance.now();
    assert.equal((await endProcess(waits)).code, 1);
    const took = performance.now() - began;
    assert.ok(took < END_MS, `${took} ms`);
    await log.ended;
    assert.match(log.lines.map(({ message }) => message).join("\n"), /told to stop/);
    turn!.release();
  },
});
