import assert from "node:assert/strict";
import { afterEnding } from "../../../examples/client/after_ending.ts";
import { Backoff } from "../../../examples/client/backoff.ts";
import { MAX_CHECKS, pauseBeforeCheck } from "../../../examples/client/check_schedule.ts";
import { readProblem, readRetryAfter, RelayProblem } from "../../../examples/client/problem.ts";
import { nextLookMs, renewalTime } from "../../../examples/client/renewal.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

Deno.test("Backoff takes a random share of a bound that doubles up to its cap", () => {
  let share = 0.999999;
  const backoff = new Backoff({ firstMs: 1000, longestMs: 30_000, random: () => share });
  const highest = Array.from({ length: 7 }, () => backoff.next());
  assert.deepEqual(highest, [999, 1999, 3999, 7999, 15_999, 29_999, 29_999]);
  share = 0;
  assert.equal(backoff.next(), 0);
  share = 0.5;
  backoff.reset();
  assert.equal(backoff.next(), 500);
  assert.equal(backoff.next(), 1000);
});

Deno.test("Backoff is eager for a number of tries", () => {
  const eager = { tries: 4, longestMs: 4000 };
  const random = (): number => 0.999999;
  const backoff = new Backoff({ firstMs: 1000, longestMs: 30_000, eager, random });
  const highest = Array.from({ length: 6 }, () => backoff.next());
  assert.deepEqual(highest, [999, 1999, 3999, 3999, 15_999, 29_999]);
});

Deno.test("Backoff stays within its cap for ever", () => {
  const backoff = new Backoff({ firstMs: 1000, longestMs: 30_000, random: () => 0.999 });
  for (let i = 0; i < 5000; i++) assert.ok(backoff.next() <= 30_000);
});

Deno.test("renewalTime() is the advice or a third of the life left, whichever is first", () => {
  const validity = { notBefore: 0, notAfter: 90 * DAY_MS };
  assert.equal(renewalTime(validity), 60 * DAY_MS);
  const advised = (days: number): string => new Date(days * DAY_MS).toISOString();
  assert.equal(renewalTime({ ...validity, renewAfter: advised(50) }), 50 * DAY_MS);
  assert.equal(renewalTime({ ...validity, renewAfter: advised(80) }), 60 * DAY_MS);
  assert.equal(renewalTime({ ...validity, renewAfter: "soon" }), 60 * DAY_MS);
  assert.equal(renewalTime({ notBefore: 0, notAfter: 6 * DAY_MS }), 4 * DAY_MS);
});

Deno.test("nextLookMs() looks about hourly, sooner when it is due sooner, never all the time", () => {
  assert.equal(nextLookMs(30 * DAY_MS, 0, 0), HOUR_MS);
  assert.equal(nextLookMs(30 * DAY_MS, 0, 1), 0.8 * HOUR_MS);
  assert.equal(nextLookMs(10 * 60_000, 0, 0), 10 * 60_000);
  assert.equal(nextLookMs(0, DAY_MS, 0), 60_000);
  assert.equal(nextLookMs(0, DAY_MS, 1), 48_000);
});

Deno.test("pauseBeforeCheck() lasts a code's life and leaves checks to the person", () => {
  const pauses: number[] = [];
  for (let pause; (pause = pauseBeforeCheck(pauses.length)) !== undefined;) pauses.push(pause);
  const total = pauses.reduce((sum, pause) => sum + pause);
  assert.ok(total > 840_000 && total <= 900_000, `${total}`);
  assert.ok(pauses.length <= MAX_CHECKS - 5);
});

Deno.test("readRetryAfter() reads seconds and dates", () => {
  assert.equal(readRetryAfter("120", 0), 120_000);
  assert.equal(readRetryAfter("Thu, 01 Jan 1970 00:01:00 GMT", 10_000), 50_000);
  assert.equal(readRetryAfter("Thu, 01 Jan 1970 00:00:00 GMT", 10_000), 0);
  for (const value of [null, "soon", "-1", ""]) assert.equal(readRetryAfter(value, 0), undefined);
});

Deno.test("readProblem() shows title and detail, and nothing that moves a terminal's cursor", () => {
  const body = JSON.stringify({
    type: "urn:glosson:problem:rate-limited",
    title: "Too\u001b[2J many",
    detail: "Wait.\r\n\u009bmore",
  });
  const problem = readProblem(429, body, 5000);
  assert.deepEqual([problem.code, problem.status, problem.retryAfterMs], [
    "rate-limited",
    429,
    5000,
  ]);
  assert.equal(problem.message, "Too [2J many: Wait. more");
  assert.equal(readProblem(502, "<html>", undefined).message, "The relay answered with status 502");
  for (const odd of ["null", "[]", "1", '{"title":1,"type":{}}']) {
    assert.equal(readProblem(500, odd, undefined).code, "");
  }
  assert.ok(
    new RelayProblem({ code: "", status: 1, title: "x".repeat(9999) }).message.length < 600,
  );
});

Deno.test("afterEnding() stops for good only when the relay says so", () => {
  const acts = (ending: Parameters<typeof afterEnding>[0]): string => afterEnding(ending).act;
  const closed = (code: number) => ({ kind: "closed", code, detail: "", wasOnline: true }) as const;
  assert.equal(acts({ kind: "goodbye", reason: "replaced", retryAfterMs: 5 }), "stop");
  assert.equal(acts({ kind: "goodbye", reason: "revoked", retryAfterMs: 5 }), "stop");
  assert.equal(acts({ kind: "goodbye", reason: "draining", retryAfterMs: null }), "stop");
  assert.equal(acts({ kind: "goodbye", reason: "draining", retryAfterMs: 5 }), "retry");
  assert.equal(acts(closed(4401)), "stop");
  assert.equal(acts(closed(4409)), "stop");
  for (const code of [0, 1000, 1001, 1006, 1012, 4400, 4408]) {
    assert.equal(acts(closed(code)), "retry");
  }
  assert.equal(acts({ kind: "dropped", why: "x" }), "retry");
  const late = afterEnding({ kind: "goodbye", reason: "draining", retryAfterMs: 1e12 });
  assert.equal(late.act === "retry" && late.waitMs, HOUR_MS);
});
