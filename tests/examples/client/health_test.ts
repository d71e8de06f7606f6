import assert from "node:assert/strict";
import { Health } from "../../../examples/client/health.ts";
import type { State } from "../../../examples/client/state.ts";
import { isWell, readStatus, type Status, statusText } from "../../../examples/client/status.ts";
import { createLog } from "../../../lib/log.ts";
import { freePort } from "../../../scripts/ports.ts";
import { droppingPort, forward } from "../../net/ports.ts";
import type { FakeRelay } from "./fake_relay.ts";
import { HeldSleeps } from "./held_sleeps.ts";
import { HttpExchange } from "./http_exchange.ts";
import { type Running, story } from "./story.ts";

/** What the client last told the relay of its way to the data port. */
function told(relay: FakeRelay): unknown {
  return relay.session?.messages.findLast((message) => message.type === "pool")?.dataPath;
}

/** The status once it is as awaited: a client writes in its own time. */
async function statusWhere(state: State, holds: (status: Status) => boolean): Promise<Status> {
  while (true) {
    const status = (await readStatus(state, Date.now))!;
    if (holds(status)) return status;
  }
}

function warnings({ lines }: Running): string[] {
  return lines.filter((line) => line.includes(" warn "));
}

Deno.test("a data port that cannot be reached is told to user, status and relay, and so is its fix", () =>
  story(async ({ relay, state, start }) => {
    const dataPort = freePort();
    relay.announced = { dataHost: "127.0.0.1", dataPort };
    const client = start({ pool: 1 }, { random: () => 0.1 });
    await relay.changes.until(() => told(relay) === "refused");
    assert.match(
      warnings(client).join(),
      new RegExp(`data port cannot be used.*host=127.0.0.1 port=${dataPort} why=.*refused`),
    );
    const bad = await statusWhere(state, ({ data }) => data?.works === false);
    assert.deepEqual([bad.running, bad.online, bad.problem, isWell(bad)], [
      true,
      true,
      null,
      false,
    ]);
    assert.deepEqual(
      { ...bad.data, since: "" },
      {
        host: "127.0.0.1",
        port: dataPort,
        works: false,
        over: "tcp",
        problem: "connection refused",
        since: "",
      },
    );
    assert.match(statusText(bad), new RegExp(`CANNOT BE SERVED since .*127.0.0.1:${dataPort}`));

    await using _fixed = forward(dataPort, relay.dataPort);
    await relay.changes.until(() => told(relay) === "works");
    assert.equal(warnings(client).length, 1);
    assert.match(client.lines.join("\n"), /info +The relay's data port is reached/);
    const visitor = await relay.visit();
    assert.equal((await new HttpExchange(visitor).get("/")).status, 200);
    visitor.close();
    const good = await statusWhere(state, ({ data }) => data?.works === true);
    assert.deepEqual([good.data?.works, good.data?.problem, isWell(good)], [true, null, true]);
    assert.match(statusText(good), /Visitors: +can be served/);
    const v6 = { ...good, data: { ...good.data!, host: "2001:db8::1" } };
    assert.match(statusText(v6), new RegExp(`data port \\[2001:db8::1\\]:${dataPort} is reached`));
    client.leave();
    await client.ended;
  }));

for (
  const [transport, told] of [
    ["tcp", /the relay's data port cannot be used; .*leave --data-over out/],
    ["websocket", /no WebSockets to the relay's own port can be used; leave --data-over out/],
    [undefined, /the relay's data port cannot be used, nor WebSockets in its place/],
  ] as const
) {
  Deno.test(`Health names what was tried with --data-over ${transport ?? "auto"}, and no more`, async () => {
    const lines: string[] = [];
    const health = new Health({
      state: { saveRunning: () => Promise.resolve() },
      log: createLog({ write: (line) => lines.push(line) }),
      transport,
      now: () => 0,
    });
    const way = { hostname: "relay.example.org", port: 9000, over: transport ?? "tcp" } as const;
    health.dataPath({ ...way, word: "timeout", detail: "no answer" });
    await health.end();
    assert.equal(lines.length, 1);
    assert.match(lines[0]!, told);
  });
}

Deno.test("a clock that is set back keeps nobody from parking again", () =>
  story(async ({ relay, start }) => {
    const dataPort = freePort();
    relay.announced = { dataHost: "127.0.0.1", dataPort };
    let setBackMs = 0;
    const world = { now: () => Date.now() - setBackMs, random: () => 0.2 };
    const { lines } = start({ pool: 1 }, world);
    const failures = () => lines.filter((line) => line.includes("Cannot park")).length;
    await relay.changes.until(() => failures() > 0);
    setBackMs = 3_600_000;
    const before = failures();
    await relay.changes.until(() => failures() > before);
    await using _fixed = forward(dataPort, relay.dataPort);
    await relay.ready(1);
  }));

Deno.test("a visitor's own connection proves that the data port cannot be reached", () =>
  story(async ({ relay, start }) => {
    relay.announced = { dataHost: "127.0.0.1", dataPort: freePort() };
    start({ pool: 0 });
    await relay.ready(0);
    await assert.rejects(relay.visit());
    const words = relay.session!.messages.map(({ type, dataPath }) => dataPath ?? type);
    // The relay knows why before it answers the visitor who is refused for it.
    assert.deepEqual(words.slice(-2), ["refused", "refuse"]);
  }));

Deno.test("what answers at the data port and is none is told of", () =>
  story(async ({ relay, start }) => {
    await using web = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      () => new Response("a web server"),
    );
    relay.announced = { dataHost: "127.0.0.1", dataPort: web.addr.port };
    start({ pool: 1 });
    await relay.changes.until(() => told(relay) === "foreign");
    // A visitor is told so at once, not when the ticket is void.
    await assert.rejects(relay.visit());
    assert.equal(relay.session!.messages.at(-1)?.type, "refuse");
  }));

Deno.test("a data port that answers nothing is told of within seconds", () =>
  story(async ({ relay, start }) => {
    using hole = await droppingPort();
    const { port } = hole;
    relay.announced = { dataHost: "127.0.0.1", dataPort: port };
    const began = performance.now();
    const client = start({ pool: 4 });
    await relay.changes.until(() => told(relay) === "timeout");
    assert.ok(performance.now() - began < 10_000);
    assert.match(warnings(client).join(), new RegExp(`port=${port} why="no answer"`));
  }));

Deno.test("status says what a client that was killed has left only while another runs", () =>
  story(async ({ relay, state, start }) => {
    const left = {
      since: "2026-01-01T00:00:00.000Z",
      why: "the relay is restarting",
      data: {
        ...{ host: "h", port: 1, works: false, over: "tcp", problem: "p" } as const,
        since: "2026-01-01T00:00:00.000Z",
      },
      page: null,
      seen: null,
    };
    await state.saveRunning(left);
    relay.online = false;
    const alone = (await readStatus(state, Date.now))!;
    assert.deepEqual([alone.running, alone.why, alone.data, isWell(alone)], [
      false,
      null,
      null,
      true,
    ]);
    assert.match(statusText(alone), /Visitors: +not served from here: no glosson run is running/);
    relay.online = undefined;
    const client = start({ pool: 0 });
    await relay.ready(0);
    const fresh = (await readStatus(state, Date.now))!;
    assert.deepEqual([fresh.running, fresh.data], [true, null]);
    client.leave();
    await client.ended;
    assert.equal(await state.running(), undefined);
  }));

Deno.test("status tells why a client that runs is not online", () =>
  story(async ({ relay, state, start }) => {
    const sleeps = new HeldSleeps();
    start({}, { sleep: sleeps.sleep, random: () => 0 });
    await relay.ready(0);
    relay.online = false;
    relay.send({ type: "goodbye", reason: "draining", retryAfterMs: 1234 });
    await sleeps.begin(1234);
    await relay.changes.until(() => relay.session!.socket.readyState === WebSocket.CLOSED);
    const status = await statusWhere(state, ({ why }) => why !== null);
    assert.match(statusText(status), /Online: +no: the relay says goodbye \(draining\)/);
    assert.ok(!isWell(status));
  }));
