import assert from "node:assert/strict";
import { Authority } from "../../examples/conformance/authority.ts";
import { LoadProcess } from "../../scripts/bench/load_process.ts";
import { freePort } from "../../scripts/ports.ts";
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
