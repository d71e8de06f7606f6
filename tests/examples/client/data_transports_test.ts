import assert from "node:assert/strict";
import type { DataLine, Transport } from "../../../examples/client/data_line.ts";
import { TicketRefused } from "../../../examples/client/data_line.ts";
import { DataTransports } from "../../../examples/client/data_transports.ts";
import { networkMemory } from "../../../examples/client/networks.ts";
import { createLog } from "../../../lib/log.ts";
import { sleep } from "../../../lib/net/pause.ts";
import { until } from "../../certificate/helpers.ts";
import { ManualClock } from "../../manual_clock.ts";

const ADDRESS = { hostname: "relay.example", port: 9000 };
const REFUSED = new Deno.errors.ConnectionRefused("refused");

/** What a line to the relay comes to: nothing at all, it does not open, or what reading from it gives. */
type Fate = "silent" | Error | { read: (p: Uint8Array) => Promise<number | null> };

const takesTicket: Fate = { read: () => Promise.reject(new TicketRefused()) };
const cutOff: Fate = { read: () => Promise.resolve(null) };

/** Another program at the data port, which answers by what `text` is. */
function foreign(text: string): Fate {
  const read = (p: Uint8Array) => Promise.resolve(new TextEncoder().encodeInto(text, p).written);
  return { read };
}

/** Something on the way that takes bytes and passes none on. */
function blackHole(): Fate & { close(): void } {
  const { promise, reject } = Promise.withResolvers<null>();
  return { read: () => promise, close: () => reject(new Deno.errors.BadResource("closed")) };
}

/** A network in which lines come to what a test says. */
function network(remembered: string[] = []) {
  const tried: Transport[] = [];
  const fates: Record<Transport, Fate> = { tcp: takesTicket, websocket: takesTicket };
  const clock = { now: 0 };
  const timers = new ManualClock();
  const relay = { hasSockets: true, asked: 0 };
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line) });
  const kept = {
    webSocketNetworks: () => Promise.resolve(remembered),
    saveWebSocketNetworks(addresses: readonly string[]) {
      remembered = [...addresses];
      return Promise.resolve();
    },
  };

  function open(transport: Transport, signal: AbortSignal): Promise<DataLine> {
    tried.push(transport);
    const fate = fates[transport];
    if (fate === "silent") {
      return new Promise((_, fail) => {
        signal.addEventListener("abort", () => fail(signal.reason), { once: true });
      });
    }
    if (fate instanceof Error) return Promise.reject(fate);
    const conn = {
      write: (p: Uint8Array) => Promise.resolve(p.length),
      closeWrite: () => Promise.resolve(),
      close() {},
      ...fate,
    };
    return Promise.resolve({ conn, ownAddress: "192.0.2.5", show: () => Promise.resolve() });
  }

  function session(only?: Transport) {
    const transports = new DataTransports({
      only,
      openTcp: (_, signal) => open("tcp", signal),
      openSocket: (signal) => open("websocket", signal),
      hasSockets: () => (relay.asked++, Promise.resolve(relay.hasSockets)),
      memory: networkMemory(kept, log, () => ["127.0.0.1", "192.0.2.5"]),
      now: () => clock.now,
      schedule: timers.schedule,
      log,
    });
    const dial = async (parked = true) => {
      tried.length = 0;
      const { state } = await transports.dial(ADDRESS, {
        ticket: "abcdefghijklmnopqrstu-",
        joinWithinMs: 1_000,
        ...(parked && { endAfterMs: 1_000 }),
        signal: new AbortController().signal,
        onShown: () => {},
      });
      return [...tried, state];
    };
    return Object.assign(dial, { doubtTcp: () => transports.doubtTcp() });
  }
  return { fates, clock, timers, relay, lines, session, remembered: () => remembered };
}

Deno.test("DataTransports takes TCP where that works, and asks for nothing else", async () => {
  const { session, relay, remembered } = network();
  const dial = session();
  assert.deepEqual(await dial(), ["tcp", "refused"]);
  assert.deepEqual(await dial(false), ["tcp", "refused"]);
  assert.deepEqual([relay.asked, remembered()], [0, []]);
});

Deno.test("DataTransports goes on by WebSockets with the same ticket, and remembers that", async () => {
  const { fates, session, clock, remembered } = network(["198.51.100.1"]);
  fates.tcp = REFUSED;
  const dial = session();
  assert.deepEqual(await dial(false), ["tcp", "websocket", "refused"]);
  assert.deepEqual(remembered(), ["198.51.100.1", "192.0.2.5"]);
  assert.deepEqual(await dial(), ["websocket", "refused"]);
  // Also in the next session; TCP is tried again after ten minutes, while no visitor waits for it.
  const next = session();
  assert.deepEqual(await next(), ["websocket", "refused"]);
  clock.now = 600_000;
  assert.deepEqual(await next(false), ["websocket", "refused"]);
  assert.deepEqual(await next(), ["tcp", "websocket", "refused"]);
  assert.deepEqual(await next(), ["websocket", "refused"]);
  clock.now = 1_200_000;
  fates.tcp = takesTicket;
  assert.deepEqual(await next(), ["tcp", "refused"]);
  assert.deepEqual(await next(false), ["tcp", "refused"]);
  assert.deepEqual(remembered(), ["198.51.100.1"]);
});

Deno.test("DataTransports tells once that a network is such a one, however many learn it together", async () => {
  const { fates, session, lines } = network();
  fates.tcp = REFUSED;
  const dial = session();
  await Promise.all([dial(), dial(), dial(false)]);
  assert.equal(lines.length, 1, lines.join(""));
});

Deno.test("DataTransports has WebSockets only from a relay that names them", async () => {
  const { fates, session, relay, remembered } = network();
  fates.tcp = REFUSED;
  relay.hasSockets = false;
  const dial = session();
  await assert.rejects(dial(), REFUSED);
  relay.hasSockets = true;
  assert.deepEqual(await dial(), ["tcp", "websocket", "refused"]);
  assert.deepEqual(remembered(), ["192.0.2.5"]);
});

Deno.test("DataTransports waits for a silent TCP longer where there are no WebSockets to follow it", async () => {
  const { fates, session, relay, timers } = network();
  fates.tcp = "silent";
  relay.hasSockets = false;
  const dial = session();
  let isOver = false;
  const alone = assert.rejects(dial(), { name: "TimeoutError" }).finally(() => isOver = true);
  await until(() => timers.waiting > 0, "the attempt");
  timers.advance(3_000);
  await sleep(0);
  assert.deepEqual([isOver, relay.asked], [false, 1]);
  timers.advance(2_000);
  await alone;
  relay.hasSockets = true;
  const followed = dial();
  await until(() => timers.waiting > 0, "the next attempt");
  timers.advance(3_000);
  assert.deepEqual(await followed, ["tcp", "websocket", "refused"]);
  assert.equal(timers.waiting, 0);
});

Deno.test("DataTransports tells what stopped TCP when nothing works", async () => {
  const { fates, session, remembered } = network();
  fates.tcp = REFUSED;
  fates.websocket = new Error("the relay answered 503");
  await assert.rejects(session()(), REFUSED);
  assert.deepEqual(remembered(), []);
});

Deno.test("DataTransports leaves a TCP that never worked and is cut off each time", async () => {
  const { fates, session, clock } = network();
  fates.tcp = cutOff;
  const dial = session();
  // Those that end together are one time.
  for (const together of [3, 3, 1]) {
    for (let i = 0; i < together; i++) assert.deepEqual(await dial(), ["tcp", "ended"]);
    clock.now += 1_000;
  }
  assert.deepEqual(await dial(), ["websocket", "refused"]);
});

Deno.test("DataTransports shows a visitor's ticket over WebSockets too where TCP takes it and does not answer", async () => {
  const { fates, session, timers, remembered } = network();
  fates.tcp = blackHole();
  const dial = session();
  const met = dial(false);
  await until(() => timers.waiting === 1, "the ticket to be shown");
  timers.advance(3_000);
  assert.deepEqual(await met, ["tcp", "websocket", "refused"]);
  assert.deepEqual([remembered(), timers.waiting], [["192.0.2.5"], 0]);
  // Nobody waits for that again, not for a parked connection either, of which silence says nothing.
  assert.deepEqual(await dial(false), ["websocket", "refused"]);
  assert.deepEqual(await dial(), ["websocket", "refused"]);
});

Deno.test("DataTransports shows a ticket over WebSockets too where no relay answers at the data port", async () => {
  for (
    const [text, parked] of [["SSH-2.0-OpenSSH_9.2p1\r\n", true], ["HTTP/1.1 400", false]] as const
  ) {
    const { fates, session, relay, remembered } = network();
    const dial = session();
    assert.deepEqual(await dial(), ["tcp", "refused"]);
    fates.tcp = foreign(text);
    assert.deepEqual(await dial(parked), ["tcp", "websocket", "refused"]);
    assert.deepEqual(remembered(), ["192.0.2.5"]);
    assert.deepEqual(await dial(!parked), ["websocket", "refused"]);
    // What is wrong is told where nothing can follow.
    relay.hasSockets = false;
    await assert.rejects(session("tcp")(parked), { name: "Foreign" });
  }
});

Deno.test("DataTransports shows a visitor's ticket over WebSockets too where a TCP that never worked is cut off", async () => {
  const reset: Fate = { read: () => Promise.reject(new Deno.errors.ConnectionReset("reset")) };
  for (const fate of [cutOff, reset]) {
    const { fates, session } = network();
    fates.tcp = fate;
    await assert.rejects(session("tcp")(false), /closed without an answer|reset/);
    assert.deepEqual(await session()(false), ["tcp", "websocket", "refused"]);
  }
  // One that has worked may have been the visitor's to leave.
  const { fates, session } = network();
  const dial = session();
  assert.deepEqual(await dial(), ["tcp", "refused"]);
  fates.tcp = cutOff;
  assert.deepEqual(await dial(false), ["tcp", "ended"]);
});

Deno.test("DataTransports leaves a visitor's ticket its time on a TCP that has worked, or that nothing can follow", async () => {
  for (const hasSockets of [true, false]) {
    const { fates, session, timers, relay } = network();
    relay.hasSockets = hasSockets;
    const dial = session();
    if (hasSockets) assert.deepEqual(await dial(), ["tcp", "refused"]);
    fates.tcp = blackHole();
    const met = dial(false);
    if (!hasSockets) await until(() => timers.waiting === 1, "the ticket to be shown");
    timers.advance(3_000);
    await assert.rejects(met, { name: "NoVisitor" });
  }
});

Deno.test("DataTransports keeps a TCP that worked, whatever a relay ends", async () => {
  const { fates, session, clock } = network();
  const dial = session();
  assert.deepEqual(await dial(), ["tcp", "refused"]);
  fates.tcp = cutOff;
  for (let i = 0; i < 5; i++, clock.now += 1_000) assert.deepEqual(await dial(), ["tcp", "ended"]);
});

Deno.test("DataTransports does as it is told", async () => {
  const { fates, session, remembered } = network();
  assert.deepEqual(await session("websocket")(), ["websocket", "refused"]);
  fates.tcp = REFUSED;
  await assert.rejects(session("tcp")(), REFUSED);
  assert.deepEqual(remembered(), []);
});

Deno.test("DataTransports leaves a TCP that loses what it is given, for the session", async () => {
  const { fates, session, clock, remembered } = network();
  const dial = session();
  assert.deepEqual(await dial(), ["tcp", "refused"]);
  dial.doubtTcp();
  assert.deepEqual(await dial(false), ["websocket", "refused"]);
  assert.deepEqual(remembered(), ["192.0.2.5"]);
  clock.now = 600_000;
  assert.deepEqual(await dial(), ["websocket", "refused"]);
  // Better than nothing.
  fates.websocket = REFUSED;
  assert.deepEqual(await dial(), ["websocket", "tcp", "refused"]);
  assert.deepEqual(remembered(), ["192.0.2.5"]);

  const alone = network();
  alone.relay.hasSockets = false;
  const only = alone.session();
  only.doubtTcp();
  assert.deepEqual(await only(), ["tcp", "refused"]);
});
