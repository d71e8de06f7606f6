import assert from "node:assert/strict";
import { KnownPorts } from "../../lib/net/known_ports.ts";
import { ManualClock } from "../manual_clock.ts";

Deno.test("KnownPorts knows a port from before its connection, and one that is told of in time", async () => {
  const clock = new ManualClock();
  const ports = new KnownPorts(clock.schedule);
  ports.add(1);
  assert.equal(await ports.isOwn(1), true);
  const later = ports.isOwn(2);
  clock.advance(999);
  ports.add(2);
  assert.equal(await later, true);
  ports.delete(1);
  const never = ports.isOwn(1);
  clock.advance(1_000);
  assert.equal(await never, false);
  assert.equal(clock.waiting, 0);
});

Deno.test("KnownPorts tells whether a connection was accepted, in either order and in time", async () => {
  const clock = new ManualClock();
  const ports = new KnownPorts(clock.schedule);
  const first = ports.isOwn(1);
  assert.equal(await ports.add(1), true);
  assert.equal(await first, true);
  const second = ports.add(2);
  assert.equal(await ports.isOwn(2), true);
  assert.equal(await second, true);
  const late = ports.add(3);
  clock.advance(3_000);
  assert.equal(await late, false);
  const given = ports.add(4);
  ports.delete(4);
  assert.equal(await given, false);
  assert.equal(clock.waiting, 0);
});
