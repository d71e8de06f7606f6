import assert from "node:assert/strict";
import type { Transport } from "../../lib/session/caller.ts";
import { ControlLink, HEARTBEAT_LIMIT_MS } from "../../lib/session/control_socket.ts";
import { type Redeem, Tickets } from "../../lib/session/tickets.ts";
import { CLOSE } from "../../lib/wire/messages.ts";
import { recordedLog } from "../certificate/helpers.ts";
import { FakeSocket } from "./fake_socket.ts";

/** How often the heartbeat is looked at, and how long an answer takes; milliseconds. */
const [CHECK_MS, ROUND_TRIP_MS] = [500, 20];

/**
 * A session's heartbeat for so long: at which seconds the client was pinged, and the code that it was closed with.
 *
 * @param answers whether the client's answer to a ping of this number comes, before the next check.
 * @param stopped a check after which the relay is stopped, and for how long; milliseconds.
 */
function beat(
  forMs: number,
  answers: (ping: number) => boolean,
  stopped?: { atMs: number; forMs: number },
) {
  let now = 0;
  const pingedAt: number[] = [];
  const socket = new FakeSocket();
  const transport = {
    lastHeardAt: now,
    allowance: 0,
    keep() {},
    endWithAnswer() {},
    close() {},
  } satisfies Transport;
  socket.onPing = () => {
    pingedAt.push(now / 1000);
    if (answers(pingedAt.length)) transport.lastHeardAt = now + ROUND_TRIP_MS;
  };
  const link = new ControlLink({
    ...{ socket, transport, username: "kaylee", number: 0, now: () => now, log: recordedLog() },
    holds: () => Promise.resolve(true),
    admitted: Promise.resolve(),
    tickets: new Tickets<Redeem>(),
    dataPort: () => ({ dataHost: "d", dataPort: 1 }),
    onOver() {},
    onClosed() {},
  });
  for (; now <= forMs && !link.closing; now += CHECK_MS) {
    link.checkHeartbeat();
    if (now === stopped?.atMs) now += stopped.forMs;
  }
  return { pingedAt, code: socket.code };
}

Deno.test("a client that answers is pinged every 15 s", () => {
  assert.deepEqual(beat(60_000, () => true), { pingedAt: [15, 30, 45, 60], code: undefined });
});

Deno.test("a client that keeps an answer until it is asked again stays online", () => {
  const { pingedAt, code } = beat(600_000, (ping) => ping % 2 === 0);
  assert.deepEqual(pingedAt.slice(0, 4), [15, 20, 35, 40]);
  assert.equal(code, undefined);
});

Deno.test("a client that never answers is asked three times, and offline after 30 s", () => {
  assert.equal(HEARTBEAT_LIMIT_MS, 30_000);
  const silent = beat(60_000, () => false);
  assert.deepEqual(silent, { pingedAt: [15, 20, 25], code: CLOSE.heartbeatMissed });
});

Deno.test("a client is offline for no time in which the relay itself was stopped", () => {
  const stopped = { atMs: 14_000, forMs: 20_500 };
  assert.deepEqual(beat(60_000, () => true, stopped), { pingedAt: [35, 50], code: undefined });
  const silent = beat(3_700_000, () => false, { atMs: 14_000, forMs: 3_600_500 });
  assert.deepEqual(silent.pingedAt, [3_615, 3_620, 3_625, 3_630, 3_635, 3_640]);
  assert.equal(silent.code, CLOSE.heartbeatMissed);
});
