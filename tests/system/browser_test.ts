import assert from "node:assert/strict";
import type { Browser, BrowserContext } from "playwright-core";
import { type DemoPart, glosson, glossond, runClient } from "../../scripts/demo/part.ts";
import { openBrowser } from "./chromium.ts";

/** Screenshots for people to look at. */
const ARTEFACTS = "artefacts/browser";

Deno.test({
  name: "Chromium shows the client's page, then the offline page, then the page again by itself",
  // playwright-core keeps its driver's timers and pipes to itself.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const dir = await Deno.makeTempDir({ prefix: "glosson-browser-" });
    await Deno.mkdir(ARTEFACTS, { recursive: true });
    const settings = Object.fromEntries(
      ["HUB", "DATA", "CONTROL", "PAGES", "ADMIN"].map((name) => [`GLOSSOND_${name}_PORT`, "0"]),
    );
    const parts: DemoPart[] = [];
    let browser: Browser | undefined;
    try {
      const relay = await glossond(dir, { settings });
      parts.push(relay);
      const client = await glosson(dir, relay);
      parts.push(client);
      browser = await openBrowser(`${dir}/home`, relay.caFile);
      const context: BrowserContext = await browser.newContext();
      const page = await context.newPage();
      const url = (name: string): string => `https://${name}:${relay.ports.hub}/`;
      const shot = (name: string): Promise<unknown> =>
        page.screenshot({ path: `${ARTEFACTS}/${name}.png`, fullPage: true });

      const online = await page.goto(url("kaylee.glosson.localhost"));
      assert.equal(online?.status(), 200);
      const details = await online!.securityDetails();
      assert.equal(details?.subjectName, "kaylee.glosson.localhost");
      const heading = await page.locator("h1").innerText();
      await shot("1-online");

      await client.stop();
      const away = await page.goto(url("kaylee.glosson.localhost"));
      assert.equal(away?.status(), 503);
      assert.notEqual(await page.locator("h1").innerText(), heading);
      await shot("2-offline");

      // Nobody touches the browser from here on: the offline page finds the user by itself.
      parts.push(await runClient(dir));
      await page.locator("h1", { hasText: heading }).waitFor({ timeout: 90_000 });
      await shot("3-online-again");

      for (
        const [name, host, status] of [
          ["4-unknown", "nobody.glosson.localhost", 404],
          ["5-landing", "glosson.localhost", 200],
        ] as const
      ) {
        assert.equal((await page.goto(url(host)))?.status(), status);
        await shot(name);
      }

      // An offline page's connection must not be used again for a user who is online: both names
      // share an address, and the relay's certificate covers both (RFC 9113 section 9.1.1).
      await page.goto(url("nobody.glosson.localhost"));
      assert.equal((await page.goto(url("kaylee.glosson.localhost")))?.status(), 200);

      const phone = await browser.newContext({
        viewport: { width: 360, height: 740 },
        colorScheme: "dark",
        javaScriptEnabled: false,
      });
      const small = await phone.newPage();
      await small.goto(url("glosson.localhost"));
      const overflow = await small.locator("html").evaluate((e) => e.scrollWidth - e.clientWidth);
      assert.ok(overflow <= 0, `the landing page is ${overflow} px too wide for a phone`);
      await small.screenshot({ path: `${ARTEFACTS}/6-landing-phone-dark.png`, fullPage: true });
    } finally {
      await browser?.close();
      for (const part of parts.toReversed()) await part.stop();
      await Deno.remove(dir, { recursive: true });
    }
  },
});
