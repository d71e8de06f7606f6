import assert from "node:assert/strict";
import { BASE, type Relay, startRelay } from "./relay.ts";
import { ALERT, answer, ended, helloFor, rest, send } from "./hub_visitor.ts";
import { apiOf, connectControl, signUp, type User, visit } from "./user.ts";

/** Asks about the account, or changes it. */
async function account(relay: Relay, { token }: User, changes?: unknown) {
  const api = apiOf(relay);
  using _client = api.client;
  return changes === undefined
    ? await api.request("GET", "/v1/account", { token })
    : await api.request("PATCH", "/v1/account", { token, body: changes });
}

/** The account's preferences. */
async function preferences(relay: Relay, user: User): Promise<unknown> {
  const { offlinePage, lastSeen, away } = (await account(relay, user)).body;
  return { offlinePage, lastSeen, away };
}

const DEFAULTS = { offlinePage: "full", lastSeen: true, away: null };

/** A user who was online, and is not waited for any more. */
async function absentUser(relay: Relay, username: string): Promise<User> {
  const user = await signUp(relay, username);
  await (await connectControl(relay, user))[Symbol.asyncDispose]();
  await relay.logged("client offline", { username });
  // Ends the time of coming back, with a page.
  assert.equal((await visit(relay, user.hostname)).status, 503);
  return user;
}

Deno.test("preferences are set one by one, checked, kept over a crash, and gone with the name", async () => {
  const dir = await Deno.makeTempDir({ prefix: "glossond-story-" });
  const settings = { NAME_REST_DAYS: "0" };
  const relay = await startRelay({ dir, settings });
  const user = await signUp(relay, "kaylee");
  assert.deepEqual(await preferences(relay, user), DEFAULTS);
  assert.deepEqual((await account(relay, user)).body.domains, []);

  const emoji = "🌻".repeat(280);
  const steps: [changes: Record<string, unknown>, kept: Record<string, unknown>][] = [
    [{ away: emoji }, { ...DEFAULTS, away: emoji }],
    [{ lastSeen: false, unknown: 1 }, { ...DEFAULTS, lastSeen: false, away: emoji }],
    [{}, { ...DEFAULTS, lastSeen: false, away: emoji }],
    [{ offlinePage: "none", lastSeen: true, away: null }, { ...DEFAULTS, offlinePage: "none" }],
    // Nothing in the text may act on the page around it.
    [
      { away: "a\u202eb\u2066c\nd\0e\u2028f\ud800" },
      { ...DEFAULTS, offlinePage: "none", away: "abc d e f\ufffd" },
    ],
    [{ offlinePage: "plain", away: "back on Monday" }, {
      offlinePage: "plain",
      lastSeen: true,
      away: "back on Monday",
    }],
  ];
  for (const [changes, kept] of steps) {
    const answered = await account(relay, user, changes);
    assert.equal(answered.status, 200);
    assert.deepEqual(answered.body, (await account(relay, user)).body, "as GET");
    assert.deepEqual(await preferences(relay, user), kept);
  }
  const [, kept] = steps.at(-1)!;
  const bad: [changes: Record<string, unknown>, named: string][] = [
    [{ offlinePage: "off" }, "offlinePage"],
    [{ offlinePage: null }, "offlinePage"],
    [{ offlinePage: "FULL" }, "offlinePage"],
    [{ lastSeen: "false" }, "lastSeen"],
    [{ lastSeen: 0 }, "lastSeen"],
    [{ lastSeen: null }, "lastSeen"],
    [{ away: "x".repeat(281) }, "away"],
    [{ away: 7 }, "away"],
    [{ away: ["x"] }, "away"],
    // All or nothing.
    [{ offlinePage: "full", away: 7 }, "away"],
  ];
  for (const [changes, named] of bad) {
    const { status, body } = await account(relay, user, changes);
    assert.deepEqual(
      [status, body.type],
      [400, "urn:glosson:problem:invalid-preference"],
      JSON.stringify(changes),
    );
    assert.match(body.detail, new RegExp(`\\b${named} is\\b`));
    assert.deepEqual(await preferences(relay, user), kept);
  }
  assert.equal((await account(relay, { ...user, token: "A".repeat(32) }, {})).status, 401);

  await relay.stop("SIGKILL");
  await using again = await startRelay({ dir, settings });
  assert.deepEqual(await preferences(again, user), kept);
  // A token that was lost and made anew changes nothing else; another owner begins anew.
  const recovered = await signUp(again, "kaylee");
  assert.deepEqual(await preferences(again, recovered), kept);
  const api = apiOf(again);
  using _client = api.client;
  await api.request("DELETE", "/v1/account", { token: recovered.token });
  assert.deepEqual(await preferences(again, await signUp(again, "kaylee")), DEFAULTS);
});

Deno.test("the offline page tells no more than its user wants", async () => {
  await using relay = await startRelay();
  const user = await absentUser(relay, "kaylee");
  const page = async () => {
    const { status, body, headers } = await visit(relay, user.hostname);
    assert.equal(status, 503);
    assert.equal(headers.get("Glosson-Page"), "offline");
    return {
      time: body.includes("<time"),
      words: /<blockquote[^>]*>(.*?)<\/block/.exec(body)?.[1],
    };
  };
  assert.deepEqual(await page(), { time: true, words: undefined });
  await account(relay, user, { away: `<b onclick="x">at & 'sea'</b>` });
  const words = "&lt;b onclick=&quot;x&quot;&gt;at &amp; &#39;sea&#39;&lt;/b&gt;";
  assert.deepEqual(await page(), { time: true, words });
  await account(relay, user, { lastSeen: false });
  assert.deepEqual(await page(), { time: false, words });
  await account(relay, user, { lastSeen: true, offlinePage: "plain" });
  assert.deepEqual(await page(), { time: false, words: undefined });
  // The owner is told all of it.
  assert.match((await account(relay, user)).body.lastOnlineAt, /^\d{4}-/);
  await account(relay, user, { offlinePage: "full" });
  assert.deepEqual(await page(), { time: true, words });
});

Deno.test("a user who wants no page has none: an alert, wherever a page would be", async () => {
  await using relay = await startRelay();
  const user = await signUp(relay, "kaylee");
  const hello = helloFor(user.hostname);
  await account(relay, user, { offlinePage: "none" });
  // Never online yet; and on the pages' own port.
  assert.equal(await answer(relay, [hello]), ALERT.unrecognizedName);
  assert.equal(await answer(relay, [hello], { listener: "pages" }), ALERT.unrecognizedName);

  const link = await connectControl(relay, user);
  using refused = await send(relay, [hello]);
  const { ticket } = await link.next("connect");
  link.send({ type: "refuse", ticket, reason: "busy" });
  assert.equal(await rest(refused), ALERT.unrecognizedName);
  using late = await send(relay, [hello]);
  await link.next("connect");
  assert.equal(await rest(late), ALERT.unrecognizedName);
  await ended(relay, "no-page", { detail: "not-responding" });

  await link[Symbol.asyncDispose]();
  await relay.logged("client offline", { username: "kaylee" });
  // Waited for first, as everybody who just dropped off.
  assert.equal(await answer(relay, [hello]), ALERT.unrecognizedName);
  await ended(relay, "no-page", { detail: "offline" });
  // Nobody else is touched.
  assert.equal((await visit(relay, `simon.${BASE}`)).status, 404);
});
