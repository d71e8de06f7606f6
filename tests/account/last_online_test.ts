import assert from "node:assert/strict";
import { LastOnline, type Seen } from "../../lib/account/last_online.ts";
import { SILENT_LOG } from "../../lib/log.ts";

function setUp() {
  const state = { time: 1000, broken: false };
  const written: [string, Seen][][] = [];
  const errors: string[] = [];
  const last = new LastOnline({
    write(seen) {
      if (state.broken) throw new Error("disk full");
      written.push([...seen]);
    },
    online: () => [],
    log: { ...SILENT_LOG, error: (message) => errors.push(message) },
    now: () => state.time,
  });
  return { state, written, errors, last };
}

Deno.test("LastOnline writes together, and keeps what could not be written", () => {
  const { state, written, errors, last } = setUp();
  state.broken = true;
  last.note("kaylee", "online");
  state.time = 2000;
  last.note("simon", "left");
  last.note("zoe", "online");
  last.forget("zoe");

  last.flush();
  assert.equal(errors.length, 1);
  assert.equal(last.pending("kaylee"), 1000);
  state.broken = false;
  last.stop();
  assert.deepEqual(written, [[
    ["kaylee", { at: 1000, attendance: "online" }],
    ["simon", { at: 2000, attendance: "left" }],
  ]]);
  assert.equal(last.pending("kaylee"), undefined);
});

Deno.test("LastOnline keeps the time of one who is awaited no more, and when the relay stops who was online", () => {
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
  last.stop();
  assert.deepEqual(written, [[
    ["kaylee", { at: 1000, attendance: "gone" }],
    ["simon", { at: 3000, attendance: "online" }],
    ["inara", { at: 3000 }],
    ["zoe", { at: 3000, attendance: "online" }],
  ]]);
});
