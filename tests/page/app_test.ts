import assert from "node:assert/strict";
import type { NameStatus } from "../../lib/page/answers.tsx";
import { apiHostPage, pageApp, type PageAppOptions } from "../../lib/page/app.tsx";
import type { RelayInfo } from "../../lib/page/relay_info.ts";
import { assertOwnPolicy, assertSoundPage } from "../look/sound_page.ts";

const BASE = "glosson.test";
const NOW = Date.UTC(2026, 5, 4, 14, 5);
const HOUR_MS = 3_600_000;

const NAMES: Record<string, NameStatus> = {
  wash: { state: "unclear" },
  kaylee: { state: "offline", lastOnlineAt: NOW - 3 * HOUR_MS },
  river: { state: "offline" },
  inara: { state: "setup" },
  zoe: { state: "online" },
  simon: { state: "online", unreachable: true },
  badger: { state: "suspended" },
  book: { state: "hidden" },
};

const RELAY: RelayInfo = {
  base: BASE,
  installCommand: "python3 -m pip install 'git+https://git.32bit.cafe/kaylee/glosson.git'",
  clientCommand: "python -m glosson",
  clientUrl: "https://git.32bit.cafe/kaylee/glosson",
  credit: "The notification experience builds on glossonotif.",
};

/** How a page is asked for; the SNI is the host's unless it is given. */
interface Visit {
  host?: string;
  serverName?: string | null;
  notResponding?: boolean;
  restarting?: boolean;
  usedUp?: boolean;
  path?: string;
  method?: string;
  headers?: Record<string, string>;
  relay?: Partial<RelayInfo>;
  options?: Partial<PageAppOptions>;
}

async function visit(how: Visit): Promise<Response> {
  const { host = BASE, serverName = host, path = "/", method = "GET" } = how;
  const { notResponding, restarting, usedUp } = how;
  const app = pageApp({
    baseDomain: BASE,
    relay: { ...RELAY, ...how.relay },
    statusOf: (username) => Promise.resolve(NAMES[username] ?? { state: "unknown" }),
    now: () => NOW,
    ...how.options,
  });
  const context = serverName === null
    ? { host }
    : { host, serverName, notResponding, restarting, usedUp };
  const headers = { ...how.headers, Host: host };
  return await app.request(`http://${BASE}${path}`, { method, headers }, context);
}

Deno.test("pageApp() tells of a user whom visitors' connections cannot reach", async () => {
  const slow = await (await visit({ host: `zoe.${BASE}`, notResponding: true })).text();
  assert.match(slow, /did not answer in time/);
  assert.doesNotMatch(slow, /do not get through/);
  const cut = await (await visit({ host: `simon.${BASE}`, notResponding: true })).text();
  assert.match(cut, /connections that carry visitors do not get through/);
  assert.doesNotMatch(cut, /did not answer in time/);
});

Deno.test("pageApp() asks to come back at midnight where a user's bytes are used up", async () => {
  const late = new Date("2026-11-26T23:59:30Z").getTime();
  const answer = await visit({ host: `zoe.${BASE}`, usedUp: true, options: { now: () => late } });
  assert.equal(answer.headers.get("Retry-After"), "30");
  assert.match(await answer.text(), /back tomorrow/);
});

/** A page with its commands in one piece. */
function withoutSpans(html: string): string {
  return html.replace(/<\/?span>/g, "");
}

/** One visit for every page that there is. */
const PAGES: [name: string, status: number, how: Visit][] = [
  ["landing", 200, {}],
  ["not-found", 404, { path: "/other" }],
  ["offline", 503, { host: `kaylee.${BASE}` }],
  ["offline", 503, { host: `river.${BASE}`, path: "/deep/link?x=1" }],
  ["setup", 503, { host: `inara.${BASE}` }],
  ["not-responding", 504, { host: `zoe.${BASE}`, notResponding: true }],
  ["not-responding", 504, { host: `kaylee.${BASE}`, notResponding: true }],
  ["not-responding", 504, { host: `wash.${BASE}`, notResponding: true }],
  ["restarting", 503, { host: `kaylee.${BASE}`, restarting: true }],
  ["unclear", 503, { host: `wash.${BASE}` }],
  ["not-responding", 504, { host: `simon.${BASE}`, notResponding: true }],
  ["used-up", 503, { host: `zoe.${BASE}`, usedUp: true }],
  ["offline", 503, { host: `kaylee.${BASE}`, usedUp: true }],
  ["unknown-name", 404, { host: `nobody.${BASE}` }],
  ["unknown-name", 404, { host: `nobody.${BASE}`, notResponding: true }],
  ["unknown-name", 404, { host: `a.b.${BASE}` }],
  ["suspended", 451, { host: `badger.${BASE}` }],
  ["suspended", 451, { host: `badger.${BASE}`, notResponding: true }],
  ["misdirected", 421, { host: `zoe.${BASE}` }],
  ["misdirected", 421, { host: `book.${BASE}` }],
  ["misdirected", 421, { host: `book.${BASE}`, notResponding: true }],
  ["misdirected", 421, { host: `simon.${BASE}` }],
];

Deno.test("pageApp() shows the page of each state", async () => {
  for (const [page, status, how] of PAGES) {
    const response = await visit(how);
    assert.equal(response.status, status, page);
    assert.equal(response.headers.get("Glosson-Page"), page);
    assert.equal(response.headers.get("Content-Type"), "text/html; charset=UTF-8");
    const passes = status === 503 || status === 504;
    const wait: Record<string, string> = { "restarting": "5", "used-up": "35700" };
    const retryAfter = wait[page] ?? (passes ? "30" : null);
    assert.equal(response.headers.get("Retry-After"), retryAfter, page);
    const html = await response.text();
    assert.equal(html.includes("http-equiv"), passes || status === 421, page);
  }
});

Deno.test("pageApp() sends what keeps a page alone and fresh with every answer", async () => {
  const visits: Visit[] = [
    ...PAGES.map(([, , how]) => how),
    { path: "/robots.txt" },
    { path: "/favicon.ico" },
    { method: "POST" },
    { method: "HEAD" },
    { serverName: null },
    {
      host: `kaylee.${BASE}`,
      options: {
        statusOf: () => Promise.reject(new Error("database is locked")),
      },
    },
  ];
  for (const how of visits) {
    const { headers, status } = await visit(how);
    assert.equal(headers.get("Connection"), "close", String(status));
    assert.equal(headers.get("Cache-Control"), "no-store");
    assert.equal(headers.get("X-Content-Type-Options"), "nosniff");
    assert.equal(headers.get("Referrer-Policy"), "no-referrer");
    const policy = headers.get("Content-Security-Policy") ?? "";
    for (const rule of ["default-src", "base-uri", "form-action", "frame-ancestors"]) {
      assert.ok(policy.includes(`${rule} 'none'`), policy);
    }
    assert.ok(!policy.includes("unsafe"), policy);
    assert.equal(headers.get("Set-Cookie"), null);
  }
});

Deno.test("pageApp() answers 421 where the host is not the connection's own", async () => {
  const cases: Visit[] = [
    { host: `kaylee.${BASE}`, serverName: `zoe.${BASE}` },
    { host: BASE, serverName: `kaylee.${BASE}` },
    { host: `kaylee.${BASE}`, serverName: BASE },
    { host: `kaylee.${BASE}`, serverName: null },
    { host: "other.test" },
    { host: `x${BASE}` },
    { host: `kaylee.${BASE}`, serverName: `zoe.${BASE}`, notResponding: true },
    { host: `kaylee.${BASE}`, serverName: `zoe.${BASE}`, method: "POST" },
    { host: `kaylee.${BASE}, zoe.${BASE}`, serverName: `kaylee.${BASE}` },
    { host: "", serverName: BASE },
  ];
  for (const how of cases) {
    const response = await visit(how);
    assert.equal(response.status, 421, JSON.stringify(how));
    assert.equal(response.headers.get("Glosson-Page"), "misdirected");
    assert.equal(response.headers.get("Retry-After"), null);
  }
});

Deno.test("pageApp() takes the connection's name where HTTP/1.0 names no host", async () => {
  const app = pageApp({
    baseDomain: BASE,
    relay: RELAY,
    statusOf: () => Promise.resolve({ state: "unknown" }),
  });
  for (const [serverName, status] of [[BASE, 200], [undefined, 421]] as const) {
    const context = { host: undefined, serverName };
    assert.equal((await app.request(`http://${BASE}/`, {}, context)).status, status);
  }
});

Deno.test("pageApp() answers any method as the name stands, and never for good", async () => {
  const head = await visit({ host: `kaylee.${BASE}`, method: "HEAD" });
  assert.equal(head.status, 503);
  assert.equal(head.headers.get("Glosson-Page"), "offline");
  assert.equal(await head.text(), "");
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND"]) {
    for (const [page, shown, how] of PAGES.filter(([, , { host }]) => host !== undefined)) {
      // Of a user who has come online meanwhile.
      const status = shown === 421 ? 503 : shown;
      const response = await visit({ ...how, method });
      assert.equal(response.status, status, `${method} ${page}`);
      assert.equal(response.headers.get("Glosson-Page"), page);
      assert.equal(response.headers.get("Allow"), null);
      assert.equal(response.headers.has("Retry-After"), status === 503 || status === 504);
      assert.equal(response.headers.get("Content-Type"), "application/problem+json");
      const { type, title, status: told, detail } = await response.json();
      assert.deepEqual([type, told], [`urn:glosson:problem:${page}`, status]);
      assert.ok(title && detail);
    }
    // The relay's own site has no such methods, now or later.
    const site = await visit({ method });
    assert.deepEqual([site.status, site.headers.get("Allow")], [405, "GET, HEAD"]);
  }
});

Deno.test("pageApp() sends a page to people only", async () => {
  const ask = async (headers: Record<string, string>, method = "GET") => {
    const response = await visit({ host: `kaylee.${BASE}`, method, headers });
    assert.equal(response.status, 503);
    assert.equal(response.headers.get("Retry-After"), "30");
    return [response.headers.get("Content-Type"), (await response.text()).includes("<")];
  };
  const html = ["text/html; charset=UTF-8", true];
  assert.deepEqual(await ask({ "Sec-Fetch-Mode": "navigate" }), html);
  assert.deepEqual(await ask({ "Sec-Fetch-Mode": "navigate" }, "POST"), html);
  assert.deepEqual(await ask({ "Sec-Fetch-Dest": "empty" }), ["application/problem+json", false]);
  for (const part of ["script", "serviceworker", "manifest", "image", "font"]) {
    assert.deepEqual(await ask({ "Sec-Fetch-Dest": part }), ["text/plain; charset=UTF-8", false]);
  }
});

Deno.test("pageApp() serves crawlers and browsers what they ask for by themselves", async () => {
  const robots = await visit({ path: "/robots.txt" });
  assert.equal(robots.status, 200);
  assert.match(await robots.text(), /^User-agent: \*\n/);
  assert.equal((await visit({ path: "/favicon.ico" })).status, 204);
  // Not 404: that would end a user's own service worker, or let crawlers into everything.
  for (const path of ["/robots.txt", "/favicon.ico", "/sw.js"]) {
    assert.equal((await visit({ host: `kaylee.${BASE}`, path })).status, 503);
  }
});

Deno.test("pageApp() allows exactly the style and the script that are in the page", async () => {
  for (const [page, , how] of PAGES) {
    const response = await visit(how);
    const html = await response.clone().text();
    // To come back, and to copy commands.
    const scripts = /http-equiv|class="command"/.test(html) ? 1 : 0;
    assert.equal([...html.matchAll(/<script>/g)].length, scripts, page);
    await assertOwnPolicy(response, page);
  }
});

Deno.test("every page is sound HTML for people, phones and screen readers", async () => {
  for (const [page, , how] of PAGES) {
    const html = await (await visit(how)).text();
    // What comes by itself can be asked for, too, and what changes is told.
    const passes = html.includes("http-equiv");
    assert.equal(html.includes(">Try again</a>"), passes, page);
    assert.equal(html.includes(`role="status"`), passes, page);
    assert.equal(html.includes("noindex"), page !== "landing", page);
    assertSoundPage(html, page);
  }
});

Deno.test("pageApp() escapes what comes from outside", async () => {
  const host = `"><script>alert(1)</script>.${BASE}`;
  for (const state of ["unknown", "setup", "offline", "suspended"] as const) {
    const response = await visit({
      host,
      path: `/"'><script>?"'><script>`,
      relay: { contact: `<script>"'`, profiles: { name: `"'><script>` } },
      options: { statusOf: () => Promise.resolve({ state }) },
    });
    const html = await response.text();
    assert.doesNotMatch(html, /<script>(?!\n\(\(\) =>)/);
    assertSoundPage(html, state);
  }
});

Deno.test("a page that is loaded again without scripts stays at its address", async () => {
  const cases = [
    ["/", "./"],
    ["/a/b?x=1&y=2", "./b?x=1&amp;y=2"],
    ["/a/", "./"],
    ["//evil.test", "./evil.test"],
    ["//evil.test/x:y", "./x:y"],
  ];
  for (const [path = "", url] of cases) {
    const html = await (await visit({ host: `kaylee.${BASE}`, path })).text();
    assert.ok(html.includes(`<meta http-equiv="refresh" content="30; url=${url}"/>`), path);
  }
});

Deno.test("the landing page tells how to install the client and whom to thank", async () => {
  const html = await (await visit({})).text();
  const text = withoutSpans(html).replaceAll("&#39;", "'");
  for (
    const part of [
      "python3 -m pip install 'git+https://git.32bit.cafe/kaylee/glosson.git'",
      `python -m glosson setup --relay https://${BASE}`,
      "python -m glosson run",
      "glossonotif",
      `https://you.${BASE}`,
    ]
  ) assert.ok(text.includes(part), part);
});

Deno.test("pages say what the operator has them say", async () => {
  const relay = {
    installCommand: "pipx install glosson",
    clientCommand: "glosson",
    clientUrl: "https://example.org/client",
    sourceUrl: "https://example.org/relay",
    profiles: { name: "example.org", url: "https://example.org/people" },
    credit: "Thanks to everybody.",
  };
  const landing = withoutSpans(await (await visit({ relay })).text());
  for (
    const part of [
      "<code>pipx install glosson</code>",
      `<code>glosson setup --relay https://${BASE}</code>`,
      "<code>glosson run</code>",
      `<a href="https://example.org/client">`,
      `<a href="https://example.org/relay">`,
      `your profile at <a href="https://example.org/people">example.org</a>, which`,
      "<p>Thanks to everybody.</p>",
    ]
  ) assert.ok(landing.includes(part), part);
  const unknown = withoutSpans(await (await visit({ host: `nobody.${BASE}`, relay })).text());
  assert.ok(unknown.includes(`<code>glosson setup nobody --relay https://${BASE}</code>`));
  assert.ok(unknown.includes(`Are you nobody at <a href="https://example.org/people">`));
  const setup = await (await visit({ host: `inara.${BASE}`, relay })).text();
  assert.ok(setup.includes("<code>glosson run</code>"));

  const bare = { clientUrl: undefined, credit: "" };
  const silent = await (await visit({ relay: bare })).text();
  assert.doesNotMatch(silent, /<a |builds on|<p><\/p>/);
});

Deno.test("a name that nobody can have invites nobody to move in", async () => {
  for (const label of ["a", "xn--bcher-kva", "a.b"]) {
    const html = await (await visit({ host: `${label}.${BASE}` })).text();
    assert.ok(html.includes("Nobody lives here</h1>"), label);
    assert.doesNotMatch(html, /move in|--relay/);
  }
});

Deno.test("pages speak the language that the browser asks for", async () => {
  const headers = { "Accept-Language": "de-AT,de;q=0.9,en;q=0.5" };
  for (const [page, status, how] of PAGES) {
    // The thanks are the operator's words.
    const response = await visit({ ...how, headers, relay: { credit: "" } });
    assert.equal(response.status, status);
    assert.equal(response.headers.get("Content-Language"), "de");
    const html = await response.text();
    assert.match(html, /^<!DOCTYPE html><html lang="de"/);
    const text = html.replace(/<(style|script)>.*?<\/\1>/gs, "").replace(/<[^>]*>/g, " ");
    assert.doesNotMatch(text, /\b(?:the|your|page|again)\b/i);
    assertSoundPage(html, page);
  }
});

Deno.test("who sent a form is told that it is lost, and nothing is sent again by itself", async () => {
  const headers = { "Sec-Fetch-Mode": "navigate" };
  for (const [page, status, how] of PAGES) {
    if (status !== 503 && status !== 504) continue;
    const response = await visit({ ...how, headers, method: "POST" });
    assert.equal(response.status, status);
    const html = await response.text();
    assert.ok(html.includes("What you sent has not arrived."), page);
    assert.doesNotMatch(html, /http-equiv|Try again|<script/);
  }
});

Deno.test("apiHostPage() shows people a page at the API's address, and leaves programs to it", async () => {
  const ask = (path: string, headers: Record<string, string>, method = "GET") =>
    apiHostPage(new Request(`https://relay.${BASE}${path}`, { method, headers }), RELAY);
  const navigation = { "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document" };
  const page = await ask("/", navigation);
  assert.equal(page?.status, 200);
  assert.match(page.headers.get("Content-Security-Policy") ?? "", /^default-src 'none'/);
  const html = await page.text();
  assert.match(html, /<h1>The relay’s door for programs<\/h1>/);
  assertSoundPage(html, "relay");
  assert.equal((await ask("/", { Accept: "text/html,*/*;q=0.8" }))?.status, 200);
  assert.equal(ask("/", { Accept: "*/*" }), undefined);
  assert.equal(ask("/", {}), undefined);
  assert.equal(ask("/", { "Sec-Fetch-Dest": "empty", Accept: "text/html" }), undefined);
  assert.equal(ask("/", navigation, "POST"), undefined);
  assert.equal(ask("/v1/relay", navigation), undefined);
});

Deno.test("links carry the public port when it is not 443", async () => {
  const plain = await (await visit({ host: `kaylee.${BASE}` })).text();
  assert.ok(plain.includes(`href="https://${BASE}/"`));
  const relay = { base: `${BASE}:4430` };
  const other = await (await visit({ host: `kaylee.${BASE}`, relay })).text();
  assert.ok(other.includes(`href="https://${BASE}:4430/"`));
  const landing = withoutSpans(await (await visit({ relay })).text());
  assert.ok(landing.includes(`https://you.${BASE}:4430`));
  assert.ok(landing.includes(`--relay https://${BASE}:4430`));
});

Deno.test("pages show where to report them, as a link where that is possible", async () => {
  const cases = [
    ["abuse@glosson.test", `<a href="mailto:abuse@glosson.test">abuse@glosson.test</a>`],
    ["mailto:a@glosson.test", `<a href="mailto:a@glosson.test">a@glosson.test</a>`],
    ["https://glosson.test/abuse", `<a href="https://glosson.test/abuse">glosson.test/abuse</a>`],
    ["javascript:alert(1)", "write to javascript:alert(1)."],
    ["@kaylee on the forum", "write to @kaylee on the forum."],
  ];
  for (const [contact = "", shown = ""] of cases) {
    for (const host of [BASE, `badger.${BASE}`, `kaylee.${BASE}`]) {
      const html = await (await visit({ host, relay: { contact } })).text();
      assert.ok(html.includes(shown), `${host} ${contact}`);
    }
  }
  assert.ok(!(await (await visit({})).text()).includes("report"));
});

Deno.test("pageApp() keeps the reason of a failure to the log", async () => {
  const errors: unknown[] = [];
  const response = await visit({
    host: `kaylee.${BASE}`,
    options: {
      statusOf: () => Promise.reject(new Error("database is locked")),
      log: {
        debug() {},
        info() {},
        warn() {},
        error: (_message, fields) => errors.push(fields?.error),
        debugEnabled: false,
      },
    },
  });
  assert.equal(response.status, 500);
  assert.ok(!(await response.text()).includes("locked"));
  assert.match(String(errors[0]), /locked/);
});
