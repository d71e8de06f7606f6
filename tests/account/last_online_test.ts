import assert from "node:assert/strict";
import { LastOnline } from "../../lib/account/last_online.ts";
import type { Seen } from "../../lib/store/online_times.ts";
import { SILENT_LOG } from "../../lib/log.ts";

function setUp() {
  const state = { time: 1000, broken: false };
  const written: [string, Seen][][] = [];
  const errors: string[] = [];
  const last = new LastOnline({
    write(seen) {
      if (state.broken) return Promise.reject(new Error("disk full"));
      written.push([...seen]);
      return Promise.resolve();
    },
    online: () => [],
    log: { ...SILENT_LOG, error: (message) => errors.push(message) },
    now: () => state.time,
  });
  return { state, written, errors, last };
}

Deno.test("LastOnline writes together, and keeps what could not be written", async () => {
  const { state, written, errors, last } = setUp();
  state.broken = true;
  last.note("kaylee", "online");
  state.time = 2000;
  last.note("simon", "left");
  last.note("zoe", "online");
  last.forget("zoe");

  await last.flush();
  assert.equal(errors.length, 1);
  assert.equal(last.pending("kaylee"), 1000);
  state.broken = false;
  await last.stop();
  assert.deepEqual(written, [[
    ["kaylee", { at: 1000, attendance: "online" }],
    ["simon", { at: 2000, attendance: "left" }],
  ]]);
  assert.equal(last.pending("kaylee"), undefined);
});

Deno.test("LastOnline keeps the time of one who is awaited no more, and when the relay stops who was online", async () => {
  const { state, written, last } = setUp();
  last.note("kaylee", "left");
  state.time = 2000;
  last.note("kaylee", "gone");
  last.note("simon", "online");
  last.hold();
  state.time = 3000;
  last.note("simon", "left");
  last.note("inara", "left");
  last.note("inara", "gone");
  last.note("zoe", "online");
  await last.stop();
  assert.deepEqual(written, [[
    ["kaylee", { at: 1000, attendance: "gone" }],
    ["simon", { at: 3000, attendance: "online" }],
    ["inara", { at: 3000 }],
    ["zoe", { at: 3000, attendance: "online" }],
  ]]);
});

Deno.test("LastOnline keeps what is noted while it writes, and drops a released name from both", async () => {
  const gate = Promise.withResolvers<void>();
  const written: [string, Seen][][] = [];
  let locked = true;
  const last = new LastOnline({
    async write(seen) {
      if (locked) await gate.promise;
      if (locked) throw new Error("database is locked");
      written.push([...seen]);
    },
    online: () => [],
    log: SILENT_LOG,
    now: () => 1_000,
  });
  last.note("kaylee", "online");
  last.note("simon", "online");
  const flushed = last.flush();
  await undefined;
  last.note("kaylee", "left");
  last.note("zoe", "online");
  assert.equal(last.pending("simon"), 1_000);
  last.forget("simon");
  assert.equal(last.pending("simon"), undefined);
  gate.resolve();
  await flushed;
  locked = false;
  await last.stop();
  assert.deepEqual(written, [[
    ["kaylee", { at: 1_000, attendance: "left" }],
    ["zoe", { at: 1_000, attendance: "online" }],
  ]]);
});

Deno.test("LastOnline writes at once of who comes, and of thousands ten times a second", async () => {
  const writes: string[][] = [];
  const last = new LastOnline({
    write(seen) {
      writes.push([...seen.keys()]);
      return Promise.resolve();
    },
    online: () => [],
    log: SILENT_LOG,
  });
  const began = performance.now();
  for (const name of ["kaylee", "simon", "zoe"]) {
    last.note(name, "online");
    // No turn of timers or of what is sent: nobody is told that they are online before.
    for (let turn = 0; turn < 10; turn++) await undefined;
    assert.deepEqual(writes.at(-1), [name], "it waits for nothing");
  }
  for (let i = 0; i < 2_000; i++) {
    last.note(`user${i}`, "online");
    if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await last.stop();
  const most = 10 + (performance.now() - began) / 100 + 1;
  assert.ok(writes.length <= most, `${writes.length} writes, not ${most}`);
  assert.deepEqual(writes.flat().length, 2_003);
});
