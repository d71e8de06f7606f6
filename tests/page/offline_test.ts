import assert from "node:assert/strict";
import { OfflinePage, timeAgo } from "../../lib/page/offline.tsx";

const NOW = Date.UTC(2026, 5, 4, 14, 5);
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

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
  for (const [agoMs, text] of cases) assert.equal(timeAgo(NOW - agoMs, NOW), text);
});

Deno.test("OfflinePage() says when the user was last here, if ever", () => {
  const props = {
    base: "glosson.test",
    contact: undefined,
    username: "kaylee",
    now: NOW,
    away: undefined,
    retry: { afterS: 30 },
  };
  const seen = String(OfflinePage({ ...props, lastOnlineAt: NOW - 180 * MINUTE_MS }));
  assert.ok(
    seen.includes(
      `<time datetime="2026-06-04T11:05:00.000Z" title="2026-06-04 11:05 UTC">3 hours ago</time>`,
    ),
  );
  assert.ok(!String(OfflinePage({ ...props, lastOnlineAt: undefined })).includes("<time"));
});

Deno.test("OfflinePage() shows the user's words as text, and no empty frame for none", () => {
  const props = {
    base: "glosson.test",
    contact: undefined,
    username: "kaylee",
    lastOnlineAt: undefined,
    now: NOW,
    retry: { afterS: 30 },
  };
  const page = String(OfflinePage({ ...props, away: `<script>alert("1")</script> & 'so on'` }));
  assert.match(
    page,
    /<blockquote dir="auto">&lt;script&gt;alert\(&quot;1&quot;\)&lt;\/script&gt; &amp; &#39;so on&#39;<\/blockquote>/,
  );
  for (const away of [undefined, "", "  "]) {
    assert.ok(!String(OfflinePage({ ...props, away })).includes("<blockquote"));
  }
});
