import assert from "node:assert/strict";
import { lookForRelay, type Presence, restarted } from "../../../examples/client/restarted.ts";

/** Looks at a relay that is away from `awayAt` until `backAt`; when it was looked at, and when it was found, by the clock. */
async function look(
  {
    backAt,
    awayAt = 0,
    unknownAt = Infinity,
    lostAt = 0,
    random = () => 0.5,
    signal = new AbortController().signal,
  }: {
    backAt: number;
    awayAt?: number;
    unknownAt?: number;
    lostAt?: number;
    random?: () => number;
    signal?: AbortSignal;
  },
): Promise<{ found: boolean; at: number[] }> {
  let now = 0;
  const at: number[] = [];
  const found = await restarted(lostAt, {
    look() {
      at.push(now);
      const presence: Presence = now >= unknownAt
        ? "unknown"
        : now >= awayAt && now < backAt
        ? "away"
        : "there";
      return Promise.resolve(presence);
    },
    elapsed: () => now,
    sleep(ms) {
      now += ms;
      return Promise.resolve();
    },
    random,
    signal,
  });
  return { found, at };
}

Deno.test("restarted() finds a relay soon, the sooner the shorter it was away", async () => {
  for (const backAt of [1, 400, 2_000, 8_000, 25_000]) {
    for (const random of [0, 0.5, 0.999]) {
      const { found, at } = await look({ backAt, random: () => random });
      assert.ok(found);
      const lateMs = at.at(-1)! - backAt;
      assert.ok(lateMs <= Math.max(150, backAt * 3 / 16), `${lateMs} ms after ${backAt} ms`);
    }
  }
});

Deno.test("restarted() finds a relay whose port was closed a moment after its connections", async () => {
  assert.deepEqual(await look({ awayAt: 20, backAt: 300 }), {
    found: true,
    at: [0, 100, 200, 300],
  });
});

Deno.test("restarted() looks at most some dozens of times, and gives up after half a minute", async () => {
  const { found, at } = await look({ backAt: Infinity });
  assert.equal(found, false);
  assert.ok(at.length > 20 && at.length < 50, `${at.length} times`);
  assert.ok(at.at(-1)! > 27_000 && at.at(-1)! < 30_000, `${at.at(-1)} ms`);
});

Deno.test("restarted() leaves a relay alone that is there, or was away for long", async () => {
  assert.deepEqual(await look({ backAt: 0 }), { found: false, at: [0, 100] });
  assert.deepEqual(await look({ backAt: Infinity, lostAt: -30_000 }), { found: false, at: [] });
  const signal = AbortSignal.abort();
  assert.deepEqual(await look({ backAt: Infinity, signal }), { found: false, at: [] });
});

Deno.test("restarted() has clients who lost a relay together come back apart", async () => {
  let seed = 1;
  const random = (): number => (seed = seed * 48_271 % 2_147_483_647) / 2_147_483_647;
  for (const [backAt, overMs] of [[500, 100], [16_000, 2_000]] as const) {
    const late: number[] = [];
    for (let i = 0; i < 1_000; i++) {
      late.push((await look({ backAt, random })).at.at(-1)! - backAt);
    }
    const inTenth = (tenth: number): number =>
      late.filter((ms) => Math.floor(10 * ms / overMs) === tenth).length;
    const most = Math.max(...Array.from({ length: 30 }, (_, tenth) => inTenth(tenth)));
    assert.ok(most < 200, `${most} of 1,000 within ${overMs / 10} ms`);
  }
});

Deno.test("restarted() looks no more once a look has no answer", async () => {
  assert.deepEqual(await look({ backAt: 0, unknownAt: 0 }), { found: false, at: [0] });
  assert.deepEqual(await look({ backAt: 500, unknownAt: 150 }), {
    found: false,
    at: [0, 100, 200],
  });
});

Deno.test("lookForRelay() tells a port where nobody listens from one whose program says nothing", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const relay = new URL(`https://relay.glosson.localhost:${listener.addr.port}`);
  const never = new AbortController().signal;
  assert.equal(await lookForRelay(relay, never), "there");
  listener.close();
  assert.equal(await lookForRelay(relay, never), "away");
  assert.equal(await lookForRelay(relay, AbortSignal.abort()), "unknown", "it was not looked");
});
