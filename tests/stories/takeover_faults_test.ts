import assert from "node:assert/strict";
import { glossond } from "./admin_command.ts";
import { setUpGlosson } from "./glosson.ts";
import { type Relay, startRelay } from "./relay.ts";
import { HOST, stayingVisitor } from "./staying_visitor.ts";
import { visit } from "./user.ts";

/** Whether the relays of this system can share ports. */
const ignore = Deno.build.os !== "linux";

/** How many relays take another's place at once. */
const SUCCESSORS = 4;

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
  settings: Record<string, string> = {},
): Promise<void> {
  await using relay = await startRelay({ settings });
  await using client = await setUpGlosson(relay, "kaylee");
  await client.run().said(/Online/);
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
  fn: () =>
    withClient(async (first) => {
      using stays = await stayingVisitor(first);
      await using second = await successorOf(first);
      await second.logged("client online", { username: "kaylee" });
      // Whoever reads its settings again meanwhile, or is told to, is none the worse for it.
      for (const { pid } of [first, second]) Deno.kill(pid, "SIGHUP");
      await using third = await successorOf(second);
      await third.logged("client online", { username: "kaylee" });
      await second.readerGone;
      assert.equal((await second.stop()).code, 0);
      assert.equal(await stays.status(), "HTTP/1.1 200 OK", "its connection is the first relay's");
      await allAreServed(third);
    }, { DRAIN_SECONDS: "600" }),
});

/** Has a relay taken another's place, and ends one of the two by SIGKILL amid that. */
async function killAmid(old: Relay, which: "old" | "new"): Promise<Relay | Error> {
  using _visitor = await silentVisitor(old);
  const pidFile = `${old.dir}/successor.pid`;
  const starting = startRelay({
    dir: old.dir,
    takeover: true,
    launcher: ["sh", "-c", `echo $$ > ${pidFile}; exec "$@"`, "sh"],
  }).catch((error: Error) => error);
  await old.logged("another process takes this relay's place");
  Deno.kill(which === "old" ? old.pid : Number(await Deno.readTextFile(pidFile)), "SIGKILL");
  return await starting;
}

Deno.test({
  name: "a relay goes on at once when its successor dies amid a hand-over",
  ignore,
  fn: () =>
    withClient(async (old) => {
      assert.ok(await killAmid(old, "new") instanceof Error);
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
      const relay = await killAmid(old, "old");
      if (relay instanceof Error) throw relay;
      await using _relay = relay;
      await served(relay);
      await allAreServed(relay);
    }),
});
