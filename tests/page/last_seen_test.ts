import assert from "node:assert/strict";
import { LastSeen, timeAgo } from "../../lib/page/last_seen.tsx";

const NOW = Date.UTC(2026, 5, 4, 14, 5);
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

const ENGLISH = { locale: "en-GB", justNow: "a moment ago", on: (date: string) => `on ${date}` };
const GERMAN = { locale: "de", justNow: "gerade eben", on: (date: string) => `am ${date}` };

Deno.test("timeAgo() says how long ago in the largest whole unit", () => {
  const cases: [number, string][] = [
    [-5 * MINUTE_MS, "a moment ago"],
    [0, "a moment ago"],
    [MINUTE_MS - 1, "a moment ago"],
    [MINUTE_MS, "1 minute ago"],
    [59 * MINUTE_MS, "59 minutes ago"],
    [60 * MINUTE_MS, "1 hour ago"],
    [23.9 * 60 * MINUTE_MS, "23 hours ago"],
    [DAY_MS, "yesterday"],
    [2 * DAY_MS, "2 days ago"],
    [13 * DAY_MS, "13 days ago"],
    [14 * DAY_MS, "on 21 May 2026"],
    [400 * DAY_MS, "on 30 April 2025"],
  ];
  for (const [agoMs, text] of cases) {
    assert.equal(timeAgo({ ...ENGLISH, at: NOW - agoMs, now: NOW }), text);
  }
});

Deno.test("timeAgo() says it in another language", () => {
  const cases: [number, string][] = [
    [0, "gerade eben"],
    [3 * 60 * MINUTE_MS, "vor 3 Stunden"],
    [DAY_MS, "gestern"],
    [14 * DAY_MS, "am 21. Mai 2026"],
  ];
  for (const [agoMs, text] of cases) {
    assert.equal(timeAgo({ ...GERMAN, at: NOW - agoMs, now: NOW }), text);
  }
});

Deno.test("LastSeen() has the exact time too", () => {
  assert.equal(
    String(LastSeen({ ...ENGLISH, at: NOW - 180 * MINUTE_MS, now: NOW })),
    `<time datetime="2026-06-04T11:05:00.000Z" title="2026-06-04 11:05 UTC">3 hours ago</time>`,
  );
});
