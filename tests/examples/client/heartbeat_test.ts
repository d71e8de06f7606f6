import assert from "node:assert/strict";
import { watchHeartbeat } from "../../../examples/client/heartbeat.ts";
import { RelayProblem, RelayUnreachable } from "../../../examples/client/problem.ts";

function problem(status: number): RelayProblem {
  return new RelayProblem({ code: "", status, title: `status ${status}` });
}

/** Watches with these answers in turn; the last one is followed by an abort. */
async function watched(
  answers: (boolean | Error)[],
): Promise<{ why: string | undefined; pauses: number[]; beats: number }> {
  const over = new AbortController();
  const pauses: number[] = [];
  let beats = 0;
  let at = 0;
  const why = await watchHeartbeat({
    account() {
      const answer = answers[at++]!;
      if (answer instanceof Error) return Promise.reject(answer);
      return Promise.resolve({ online: answer });
    },
    onBeat: () => beats++,
    sleep(ms) {
      pauses.push(ms);
      if (at === answers.length) over.abort();
      return Promise.resolve();
    },
    signal: over.signal,
  });
  return { why, pauses, beats };
}

const GONE = new RelayUnreachable("gone");

Deno.test("watchHeartbeat() is content while the relay sees the client", async () => {
  const { why, pauses, beats } = await watched([true, true, true]);
  assert.equal(why, undefined);
  assert.deepEqual(pauses, [30_000, 30_000, 30_000, 30_000]);
  assert.equal(beats, 3);
});

Deno.test("watchHeartbeat() ends when the relay sees no client", async () => {
  assert.match((await watched([true, false])).why!, /no longer sees/);
});

Deno.test("watchHeartbeat() ends after two questions without an answer", async () => {
  const { why, pauses } = await watched([true, GONE, GONE, true]);
  assert.match(why!, /does not answer/);
  assert.deepEqual(pauses, [30_000, 30_000, 5_000]);
  assert.match((await watched([problem(502), problem(503), true])).why!, /does not answer/);
});

Deno.test("watchHeartbeat() bears a single failure, and a relay that is asked too much", async () => {
  assert.equal((await watched([GONE, true, GONE, true])).why, undefined);
  assert.equal((await watched([GONE, problem(429), GONE, true])).why, undefined);
});

Deno.test("watchHeartbeat() ends at once when the account is not let in", async () => {
  assert.equal((await watched([problem(401), true])).why, "status 401");
});
