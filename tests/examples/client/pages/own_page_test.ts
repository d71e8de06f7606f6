import assert from "node:assert/strict";
import {
  appDown,
  appSilent,
  filesAway,
  noIndex,
  nothingHere,
  online,
  tooMuch,
} from "../../../../examples/client/pages/answers.tsx";
import { type MakePage, ownPage } from "../../../../examples/client/pages/own_page.ts";
import { assertOwnPolicy, assertSoundPage } from "../../../look/sound_page.ts";

const URL = "https://kaylee.glosson.test:4430/deep/link?x=1";

/** Every page that the client shows by itself; whether it passes. */
const PAGES: [make: MakePage, status: number, page: string, passes: boolean][] = [
  [online("kaylee.glosson.test"), 200, "online", false],
  [nothingHere, 404, "nothing-here", false],
  [noIndex, 404, "no-index", false],
  [filesAway, 503, "files-away", true],
  [appDown, 502, "app-down", true],
  [appSilent, 504, "app-silent", true],
  [tooMuch, 503, "too-much", true],
];

Deno.test("ownPage() is a sound page of the relay's look, in each language", async () => {
  for (const [make, status, page, passes] of PAGES) {
    for (const [language, again] of [["en", "Try again"], ["de", "Nochmal versuchen"]] as const) {
      const response = ownPage(
        new Request(URL, { headers: { "Accept-Language": language } }),
        make,
      );
      assert.equal(response.status, status);
      assert.equal(response.headers.get("Glosson-Page"), page);
      assert.equal(response.headers.get("Cache-Control"), "no-store");
      assert.equal(response.headers.get("Retry-After"), passes ? "10" : null);
      const html = await response.clone().text();
      assertSoundPage(html, page);
      await assertOwnPolicy(response, page);
      assert.ok(html.includes(`<html lang="${language}"`));
      assert.ok(html.includes(`href="https://glosson.test:4430/"`));
      assert.equal(html.includes(`<a class="button" href="./link?x=1">${again}</a>`), passes, page);
      const refresh = `<meta http-equiv="refresh" content="10; url=./link?x=1"/>`;
      assert.equal(html.includes(refresh), passes, page);
      assert.equal(html.includes("<script>"), passes, page);
    }
  }
});

Deno.test("ownPage() sends programs and parts of pages no page", async () => {
  for (const [make, status, , passes] of PAGES.filter(([, status]) => status !== 200)) {
    const part = ownPage(new Request(URL, { headers: { "Sec-Fetch-Dest": "script" } }), make);
    assert.equal(part.status, status);
    assert.match(await part.text(), /^[^<]+\.\n$/);
    const program = ownPage(new Request(URL, { headers: { Accept: "application/json" } }), make);
    const problem = await program.json();
    assert.equal(problem.status, status);
    assert.equal(problem.error, problem.title);
    assert.equal(/Try again in 10 seconds/.test(problem.detail), passes);
  }
});

Deno.test("ownPage() does not send a form again by itself", async () => {
  const headers = { "Sec-Fetch-Mode": "navigate" };
  const response = ownPage(new Request(URL, { method: "POST", headers }), appDown);
  const html = await response.text();
  assert.equal(response.status, 502);
  assert.ok(html.includes("What you sent has not arrived."));
  assert.doesNotMatch(html, /http-equiv|<script|Try again/);
});
