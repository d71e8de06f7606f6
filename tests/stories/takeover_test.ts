import assert from "node:assert/strict";
import { until } from "../certificate/helpers.ts";
import { beginOfOneDay } from "../one_day.ts";
import { setUpGlosson } from "./glosson.ts";
import { glossond } from "./admin_command.ts";
import { MovedVisits } from "./lost_in_queue.ts";
import { BASE, type Relay, startRelay } from "./relay.ts";
import { HOST, type StayingVisitor, stayingVisitor } from "./staying_visitor.ts";
import { visit } from "./user.ts";

/** Whether the relays of this system can share ports. */
const ignore = Deno.build.os !== "linux";

/** Starts a relay that takes another's place. */
function successorOf(relay: Relay, settings: Record<string, string> = {}): Promise<Relay> {
  return startRelay({ dir: relay.dir, takeover: true, settings });
}

/** Where the relays' settings file is. */
function settingsFileIn(dir: string): string {
  return `${dir}/settings`;
}

/** Asks the API on a connection that is kept; `ended` resolves when the relay ends it. */
async function openApi(relay: Relay): Promise<Disposable & { ended: Promise<unknown> }> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: relay.ports.control! });
  const tls = await Deno.startTls(conn, { hostname: "localhost", caCerts: [relay.ca] });
  const buffer = new Uint8Array(64 * 1024);
  await tls.write(new TextEncoder().encode("GET /v1/relay HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  assert.match(new TextDecoder().decode(buffer.subarray(0, await tls.read(buffer) ?? 0)), / 200 /);
  return { ended: tls.read(buffer), [Symbol.dispose]: () => tls.close() };
}

/** Has a relay take another's place, which keeps a visitor of kaylee's for as long as it may. */
async function afterHandOver(
  use: (old: Relay, relay: Relay, stays: StayingVisitor) => Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "glossond-story-" });
  const settings = { SETTINGS_FILE: settingsFileIn(dir) };
  await Deno.writeTextFile(settings.SETTINGS_FILE, "GLOSSOND_DRAIN_SECONDS=600\n");
  await using old = await startRelay({
    ...{ dir, settings },
    // The environment would hold, whatever the file says.
    launcher: ["env", "--unset=GLOSSOND_DRAIN_SECONDS"],
  });
  await using client = await setUpGlosson(old, "kaylee");
  await client.run().said(/Online/);
  using stays = await stayingVisitor(old);
  assert.equal(await stays.status(), "HTTP/1.1 200 OK");
  await using relay = await successorOf(old, settings);
  await relay.logged("client online", { username: "kaylee" });
  assert.equal(await stays.status(), "HTTP/1.1 200 OK");
  await use(old, relay, stays);
}

Deno.test({
  name: "a relay takes another's place, and neither its visitors nor those who come notice",
  ignore,
  fn: async () => {
    await using old = await startRelay({ settings: { DRAIN_SECONDS: "8" } });
    await using client = await setUpGlosson(old, "kaylee");
    const run = client.run();
    await run.said(/Online/);
    using stays = await stayingVisitor(old);
    assert.equal(await stays.status(), "HTTP/1.1 200 OK");
    using api = await openApi(old);

    const seen: string[] = [];
    const visits = new MovedVisits();
    let over = false;
    const visiting = (async () => {
      while (!over) {
        await visits.add(
          visit(old, HOST).then(({ status, body }) => {
            seen.push(`${status} ${/is online/.exec(body)}`);
          }),
        );
      }
    })();
    // It may fail before it is waited for.
    visiting.catch(() => {});
    let relay: Relay;
    try {
      relay = await successorOf(old);
      await relay.logged("client online", { username: "kaylee" });
    } finally {
      over = true;
    }
    await visiting;
    assert.deepEqual(relay.ports, old.ports);
    assert.deepEqual([...new Set(seen)], ["200 is online"]);
    visits.check();
    assert.equal(await stays.status(), "HTTP/1.1 200 OK", "its connection is the old relay's");
    assert.equal(await api.ended, null, "nobody asks the old relay any more");
    const status = JSON.parse((await glossond(relay.stateDir, "status", "--json")).stdout);
    assert.equal(status.users.online, 1);

    // The old one ends by itself, in order, and its visitor with it.
    await old.readerGone;
    assert.equal((await old.stop()).code, 0);
    assert.deepEqual(await stays.status().catch(() => ""), "");
    assert.equal((await visit(relay, HOST)).status, 200);
    assert.equal((await relay.stop()).code, 0);
  },
});

Deno.test({
  name: "a relay whose successor fails goes on",
  ignore,
  fn: async () => {
    await using old = await startRelay();
    await using client = await setUpGlosson(old, "kaylee");
    const run = client.run();
    await run.said(/Online/);
    // Somebody else's, who shares it with nobody.
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = taken.addr;
    await assert.rejects(
      successorOf(old, { DATA_PORT: `${port}` }),
      new RegExp(`Cannot listen on 127.0.0.1:${port} \\(data\\).*GLOSSOND_DATA_PORT`),
    );
    await old.logged("the other process does not take this relay's place, so it goes on", {
      why: "it failed",
    });
    for (const _ of [1, 2, 3]) assert.equal((await visit(old, HOST)).status, 200);
    await using relay = await successorOf(old);
    await relay.logged("client online", { username: "kaylee" });
    assert.equal((await visit(relay, HOST)).status, 200);
  },
});

Deno.test({
  name: "a relay that is told to stop while it keeps its last visitors ends at once",
  ignore,
  fn: () =>
    afterHandOver(async (old) => {
      assert.equal((await old.stop()).code, 0);
    }),
});

Deno.test({
  name: "a user who is blocked after a hand-over loses the visitors of the old relay too",
  ignore,
  fn: () =>
    afterHandOver(async (old, relay) => {
      assert.equal((await glossond(relay.stateDir, "users", "block", "kaylee")).code, 0);
      // With nothing left to keep, it ends.
      await old.readerGone;
      assert.equal((await old.stop()).code, 0);
    }),
});

Deno.test({
  name: "a user whose bytes are limited after a hand-over loses the visitors of the old relay too",
  ignore,
  fn: () =>
    afterHandOver(async (old, relay) => {
      const limit = ["users", "limit", "kaylee", "--bytes-per-day", "1"];
      assert.equal((await glossond(relay.stateDir, ...limit)).code, 0);
      await old.logged("the bytes of a user's day are used up", { username: "kaylee" });
      await old.readerGone;
    }),
});

Deno.test({
  name: "settings that are read again after a hand-over hold for the visitors of the old relay too",
  ignore,
  fn: () =>
    afterHandOver(async (old, relay) => {
      await Deno.writeTextFile(settingsFileIn(relay.dir), "GLOSSOND_MAX_BYTES_PER_USER_DAY=1\n");
      Deno.kill(relay.pid, "SIGHUP");
      await old.logged("the bytes of a user's day are used up", { username: "kaylee" });
      await old.readerGone;
    }),
});

Deno.test({
  name: "how long the visitors of the old relay may finish can be changed after the hand-over",
  ignore,
  fn: () =>
    afterHandOver(async (old, relay) => {
      await Deno.writeTextFile(settingsFileIn(relay.dir), "GLOSSOND_DRAIN_SECONDS=1\n");
      Deno.kill(relay.pid, "SIGHUP");
      await old.readerGone;
      assert.equal(old.lines.at(-1)?.message, "stopped");
    }),
});

Deno.test({
  name: "the bytes of a user's day are those of both relays after a hand-over",
  ignore,
  fn: async () => {
    await beginOfOneDay();
    await afterHandOver(async (_, relay, stays) => {
      const figures = async () => {
        const { stdout } = await glossond(relay.stateDir, "users", "show", "kaylee", "--json");
        return JSON.parse(stdout).figures as Record<string, number>;
      };
      assert.equal((await visit(relay, HOST)).status, 200);
      let before = await figures();
      await until(async () => (before = await figures()).visitors! >= 2, "both are counted");
      // What passes at the old one alone.
      assert.equal(await stays.status(), "HTTP/1.1 200 OK");
      let now = before;
      await until(
        async () => (now = await figures()).bytesToVisitors! > before.bytesToVisitors!,
        "what passed at the old one is counted",
        // It is written some seconds later.
        60_000,
      );
      assert.equal(now.visitors, 2);
      assert.equal(now.bytesToday, now.bytesToClient! + now.bytesToVisitors!);
    });
  },
});

Deno.test("a second relay that was not asked to take over is refused", async () => {
  await using first = await startRelay();
  const ports = ["HUB", "DATA", "CONTROL", "PAGES"].map((name) => [
    `${name}_PORT`,
    `${first.ports[name.toLowerCase()]}`,
  ]);
  await assert.rejects(
    startRelay({ settings: Object.fromEntries(ports) }),
    new RegExp(`Cannot listen on 127.0.0.1:${first.ports.hub} \\(hub\\)`),
  );
  await assert.rejects(
    startRelay({ dir: first.dir }),
    /Another glossond runs on the state folder/,
  );
});

Deno.test("serve --takeover starts where no relay runs", async () => {
  await using relay = await startRelay({ takeover: true });
  await relay.logged("no relay runs on the state folder: nothing to take over");
  assert.equal((await visit(relay, BASE)).status, 200);
});
