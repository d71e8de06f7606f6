import assert from "node:assert/strict";
import { Authority } from "../../examples/conformance/authority.ts";
import { LoadProcess } from "../../scripts/bench/load_process.ts";
import { freePort } from "../../scripts/ports.ts";
import { PROCESS_FIGURES, STATE_FIGURES } from "../../scripts/soak/gauge.ts";
import { type Leg, resultOf, type Watched } from "../../scripts/soak/legs.ts";
import { noteGoers } from "../../scripts/soak/soak.ts";

/** What a soak notes of users who come and go. */
function noted(goers: Parameters<typeof noteGoers>[0]) {
  const counts: Record<string, number> = {};
  const failures: Record<string, number> = {};
  noteGoers(
    goers,
    { did: (what, times = 1) => void (counts[what] = times) },
    { note: (why, times = 1) => void (failures[why] = times) },
  );
  return { counts, failures };
}

Deno.test("a soak in which no user can come online is not well", async () => {
  const { pem: ca } = await Authority.create();
  const port = freePort();
  const nowhere = {
    username: "kaylee",
    token: "t",
    controlPort: port,
    dataPort: port,
    ca,
    pool: 0,
  };
  await using goers = new LoadProcess("clients.ts");
  const call = { memberships: [nowhere], perSecond: 20, seconds: 0.2, stayMs: 0 };
  const came: { came: number; refused: number } = await goers.call("comeAndGo", call);
  assert.deepEqual(came, { came: 0, refused: 4 });
  assert.deepEqual(noted(came).failures, { "users could not come": 4 });
});

Deno.test("a soak is well where a few users met a relay that was leaving", () => {
  const { counts, failures } = noted({ came: 20, refused: 3 });
  assert.deepEqual(counts, { "users came and went": 20, "users could not come": 3 });
  assert.deepEqual(failures, {});
});

/** A leg of four minutes in which a figure grows by so much a second, whatever it began at. */
function legOf(seed: number, began: number, perSecond: number): Leg {
  const samples = Array.from({ length: 120 }, (_, i) => ({
    ...{ atS: 2 * i, era: 0 },
    value: began + perSecond * 2 * i + i % 3,
  }));
  const names = [...PROCESS_FIGURES, ...STATE_FIGURES];
  return {
    ...{ seconds: 240, seed, visits: 100, slowestMs: 10 * seed },
    acts: { "hand-overs": 1, [`acts of ${seed}`]: 2 },
    failures: seed === 1 ? {} : { "visit: reset": 1 },
    watched: {
      eras: [{ startS: 0, endS: 240 }],
      samples: Object.fromEntries(names.map((name) => [name, samples])) as Watched["samples"],
    },
  };
}

Deno.test("a soak in legs is judged by all of them", () => {
  const { trends, ...counts } = resultOf([legOf(1, 100, 0.1), legOf(2, 20, 0.1)]);
  assert.deepEqual(counts, {
    ...{ seconds: 480, seeds: [1, 2], visits: 200, slowestMs: 20 },
    acts: { "hand-overs": 2, "acts of 1": 2, "acts of 2": 2 },
    failures: { "visit: reset": 1 },
  });
  for (const { perMinute, leaks } of Object.values(trends)) {
    assert.ok(leaks && Math.abs(perMinute - 6) < 0.5, JSON.stringify(trends));
  }
});

Deno.test("a soak's legs may each begin at a level of their own", () => {
  const { trends } = resultOf([legOf(1, 20, 0), legOf(2, 100, 0)]);
  for (const { leaks } of Object.values(trends)) assert.ok(!leaks, JSON.stringify(trends));
});
