import assert from "node:assert/strict";
import { ALERT } from "../stories/hub_visitor.ts";
import { BASE, startRelay } from "../stories/relay.ts";
import { apiOf, serveUser, signUp } from "../stories/user.ts";
import { captureWire, recordTypes } from "../stories/wire_capture.ts";
import { openBrowser } from "./chromium.ts";

/** Content types of TLS records, RFC 8446 section 5.1. */
const [ALERT_TYPE, HANDSHAKE, APPLICATION_DATA] = [21, 22, 23];

Deno.test({
  name:
    "offlinePage none: no application byte of Chromium reaches the relay while the user is away",
  // playwright-core keeps its driver's timers and pipes to itself.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await using relay = await startRelay();
    const user = await signUp(relay, "kaylee");
    const api = apiOf(relay);
    using _client = api.client;
    const { token, hostname } = user;
    const body = { offlinePage: "none" };
    assert.equal((await api.request("PATCH", "/v1/account", { token, body })).status, 200);
    using wire = captureWire(relay.ports.hub!);
    const url = `https://kaylee.${BASE}:${wire.port}/`;
    const home = await Deno.makeTempDir({ prefix: "glosson-browser-" });
    try {
      await using browser = await openBrowser(home, `${relay.stateDir}/local-ca.pem`);
      const context = await browser.newContext();
      const tab = await context.newPage();
      const form = "<!DOCTYPE html><form method=post action=/login>" +
        "<input name=password value=hunter2><button>Log in</button></form>";
      let before: number;
      {
        await using _page = await serveUser(relay, user, () =>
          new Response(form, {
            headers: { "Content-Type": "text/html", "Set-Cookie": "session=secret; Secure" },
          }));
        await tab.goto(url);
        assert.equal((await context.cookies()).length, 1);
        const types = wire.connections.flatMap(({ fromVisitor }) => recordTypes(fromVisitor.bytes));
        assert.ok(types.includes(APPLICATION_DATA), "what is captured would show it");
        // Here already: the browser may open one, which it sends the form over, as soon as the page's has ended.
        before = wire.connections.length;
      }
      await relay.logged("client offline");
      // The form that was open in the tab, sent just now; the address with its path; a part of a page.
      const failed = tab.waitForEvent("requestfailed");
      await tab.click("button");
      assert.equal((await failed).failure()?.errorText, "net::ERR_SSL_UNRECOGNIZED_NAME_ALERT");
      await assert.rejects(tab.goto(`${url}private?token=1`), /ERR_SSL_UNRECOGNIZED_NAME_ALERT/);
      const shown = await tab.innerText("body");
      assert.match(shown, /^This site can.t be reached\n[^]*\nERR_SSL_UNRECOGNIZED_NAME_ALERT/);
      assert.ok(shown.includes(hostname));

      const away = wire.connections.slice(before);
      // One that the browser opened ahead and gave up again may have got no answer, nor have sent its hello.
      const answers = away.map(({ toVisitor }) => toVisitor.bytes.toHex()).filter(Boolean);
      assert.ok(answers.length >= 2, `${answers.length} answers`);
      for (const answer of answers) assert.equal(answer, ALERT.unrecognizedName);
      for (const { fromVisitor } of away) {
        const [first = HANDSHAKE, ...rest] = recordTypes(fromVisitor.bytes);
        assert.equal(first, HANDSHAKE);
        assert.deepEqual(rest.filter((type) => type !== ALERT_TYPE), [], "behind the ClientHello");
      }
      await context.close();
    } finally {
      await Deno.remove(home, { recursive: true });
    }
  },
});
