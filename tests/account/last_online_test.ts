import assert from "node:assert/strict";
import { LastOnline } from "../../lib/account/last_online.ts";
import { SILENT_LOG } from "../../lib/log.ts";

Deno.test("LastOnline writes together, and keeps what could not be written", () => {
  let time = 1000;
  let broken = true;
  const written: [string, number][][] = [];
  const errors: string[] = [];
  const last = new LastOnline({
    write(times) {
      if (broken) throw new Error("disk full");
      written.push([...times]);
    },
    online: () => [],
    log: { ...SILENT_LOG, error: (message) => errors.push(message) },
    now: () => time,
  });
  last.note("kaylee");
  time = 2000;
  last.note("simon");
  last.note("zoe");
  last.forget("zoe");

  last.flush();
  assert.equal(errors.length, 1);
  assert.equal(last.pending("kaylee"), 1000);
  broken = false;
  last.stop();
  assert.deepEqual(written, [[["kaylee", 1000], ["simon", 2000]]]);
  assert.equal(last.pending("kaylee"), undefined);
});
