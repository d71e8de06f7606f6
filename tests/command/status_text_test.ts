import assert from "node:assert/strict";
import { createMetrics } from "../../lib/admin/metrics.ts";
import type { ClusterFigures, Figures } from "../../lib/admin/figures.ts";
import { statusReport } from "../../lib/admin/status.ts";
import { statusText } from "../../lib/command/status_text.ts";

/** What a relay among others shows whose store can be read, or not. */
async function shown(cluster: ClusterFigures, isAway: boolean): Promise<string> {
  const ofStore = <T>(value: T) =>
    isAway ? Promise.reject(new Error("away")) : Promise.resolve(value);
  const figures: Figures = {
    listeners: () => [],
    clients: () => ({ online: 2, parked: 8, unreachable: 0 }),
    visitors: () => ({ joined: 1, hellos: 0 }),
    accounts: () => ofStore({ total: 5, blocked: 1 }),
    certificate: () => ({
      ...{
        names: [],
        issuer: "a test",
        notBefore: 0,
        notAfter: 0,
        selfSigned: true,
        renewAt: 0,
        failures: 0,
      },
    }),
    issuance: () => ofStore({ waiting: 0, running: 0, newNamesThisWeek: 0 }),
    cluster: () => Promise.resolve(cluster),
    bioRunning: () => 0,
    limits: () => [],
  };
  const { counters } = createMetrics({ version: "0", commit: "" }, { maxUsers: 0 });
  const times = { startedAt: 0, now: 60_000 };
  return statusText(
    await statusReport({ software: "glossond/0", ...times, checks: [], counters, figures }),
  );
}

Deno.test("statusText() tells of each relay, and of a database that is away", async () => {
  const relay = { version: "1.2.3", users: 3, visitors: 4 };
  const well = await shown({
    ...{ id: "a", fault: null, elsewhere: 3, answerMs: 7 },
    relays: [
      { ...relay, id: "a", alive: true, heardMs: 900 },
      { ...relay, id: "b", alive: false, heardMs: 65_000 },
    ],
  }, false);
  assert.match(well, /users +2 online of 5, 1 names blocked/);
  assert.match(
    well,
    /relays +this one is a; 3 users elsewhere; the database answered in 7 ms/,
  );
  assert.match(well, /a: 1\.2\.3, 3 users, 4 visitors, heard 0 s ago/);
  assert.match(well, /b: NOT THERE, 1\.2\.3, 3 users, 4 visitors, heard 1 min 5 s ago/);

  const fault = "the database cannot be reached";
  const away = await shown({ id: "a", fault, elsewhere: 3, relays: [], answerMs: null }, true);
  assert.match(away, /users +2 online; THE DATABASE CANNOT BE READ/);
  assert.match(away, /relays +this one is a: THE DATABASE CANNOT BE REACHED/);
  assert.match(away, /orders +not known/);
});
