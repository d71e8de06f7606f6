import assert from "node:assert/strict";
import axe from "axe-core";
import type { Browser } from "playwright-core";
import { appDown } from "../../examples/client/pages/answers.tsx";
import { ownPage } from "../../examples/client/pages/own_page.ts";
import { LANGUAGES } from "../../lib/look/language.ts";
import { EVERY_PAGE, serveEveryPage } from "../../scripts/screenshots/every_page.ts";
import { SCHEMES, WIDTHS } from "../../scripts/screenshots.ts";
import { openBrowser } from "./chromium.ts";

const NAMES = Object.keys(EVERY_PAGE);

/** How a page fits its screen. */
interface Fit {
  /** Pixels that it is too wide. */
  excess: number;
  /** Inline code that is in more than one line, though one has room for it. */
  split: string[];
}

/** Runs in a page, and gives {@linkcode Fit}. */
const FIT = `(() => {
  function lines(element) {
    const text = document.createRange();
    text.selectNodeContents(element);
    return new Set([...text.getClientRects()].map(({ top }) => top)).size;
  }
  function hasRoom(code) {
    const whole = code.cloneNode(true);
    Object.assign(whole.style, { position: "absolute", maxWidth: "none", whiteSpace: "nowrap" });
    document.body.append(whole);
    const { width } = whole.getBoundingClientRect();
    whole.remove();
    return width <= code.parentElement.clientWidth;
  }
  const { scrollWidth, clientWidth } = document.documentElement;
  return {
    excess: scrollWidth - clientWidth,
    split: [...document.querySelectorAll("p code")]
      .filter((code) => lines(code) > 1 && hasRoom(code))
      .map((code) => code.textContent),
  };
})()`;

/** Lets a test use a new browser. */
function browserTest(name: string, fn: (browser: Browser) => Promise<void>): void {
  Deno.test({
    name,
    // playwright-core keeps its driver's timers and pipes to itself.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const home = await Deno.makeTempDir({ prefix: "glosson-browser-" });
      try {
        await using browser = await openBrowser(home);
        await fn(browser);
      } finally {
        await Deno.remove(home, { recursive: true });
      }
    },
  });
}

browserTest(
  "every page is without a fault for axe in each language and scheme, and fits every screen",
  async (browser) => {
    await using pages = serveEveryPage();
    let rules = 0;
    for (const locale of LANGUAGES) {
      const context = await browser.newContext({ locale });
      const tab = await context.newPage();
      const complaints: string[] = [];
      tab.on("console", (message) => complaints.push(message.text()));
      tab.on("pageerror", (error) => complaints.push(error.message));
      for (const name of NAMES) {
        await tab.goto(pages.url(name));
        assert.equal(await tab.locator("html").getAttribute("lang"), locale);
        for (const width of WIDTHS) {
          await tab.setViewportSize({ width, height: 700 });
          const { excess, split } = await tab.evaluate<Fit>(FIT);
          assert.ok(excess <= 0, `${name}, ${locale}: ${excess} px too wide for ${width}`);
          assert.deepEqual(split, [], `${name}, ${locale}, ${width}`);
        }
        await tab.evaluate(axe.source);
        for (const colorScheme of SCHEMES) {
          await tab.emulateMedia({ colorScheme });
          const { violations, passes } = await tab.evaluate<axe.AxeResults>("axe.run()");
          const faults = violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]);
          assert.deepEqual(faults, [], `${name}, ${locale}, ${colorScheme}`);
          rules += passes.length;
        }
      }
      // Chromium says of each page that is not a success that it is none.
      assert.deepEqual(complaints.filter((text) => !text.startsWith("Failed to load")), []);
      await context.close();
    }
    assert.ok(rules > 10 * NAMES.length, `only ${rules} rules were looked at`);
  },
);

browserTest(
  "each command of the landing page has a button that copies it, and says so",
  async (browser) => {
    await using pages = serveEveryPage();
    const context = await browser.newContext({
      permissions: ["clipboard-read", "clipboard-write"],
    });
    const tab = await context.newPage();
    await tab.goto(pages.url("landing"));
    const commands = await tab.locator(".command").all();
    assert.equal(commands.length, 3);
    for (const command of commands) {
      await command.getByRole("button").click();
      await command.getByRole("status").filter({ hasText: "Copied" }).waitFor({
        state: "attached",
      });
      assert.equal(
        await tab.evaluate("navigator.clipboard.readText()"),
        await command.locator("code").innerText(),
      );
    }
    const plain = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
    await plain.goto(pages.url("landing"));
    assert.equal(await plain.locator(".command code").count(), 3);
    assert.equal(await plain.getByRole("button").count(), 0);
  },
);

browserTest(
  "a page that passes says what changes, and looks again at once when it is seen again",
  async (browser) => {
    let isBack = false;
    const heads = { count: 0 };
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request) => {
        if (request.method === "HEAD") heads.count++;
        return isBack
          ? new Response("<title>app</title><h1>The app</h1>", {
            headers: { "Content-Type": "text/html" },
          })
          : ownPage(request, appDown);
      },
    );
    const context = await browser.newContext();
    const tab = await context.newPage();
    const down = await tab.goto(`http://127.0.0.1:${server.addr.port}/inbox?all`);
    assert.equal(down?.status(), 502);
    const note = tab.getByRole("status");
    await note.filter({ hasText: "No need to reload" }).waitFor();
    await context.setOffline(true);
    await note.filter({ hasText: "This device is offline" }).waitFor();
    await context.setOffline(false);
    await note.filter({ hasText: "No need to reload" }).waitFor();

    // By hand it works as well, and stays at the address.
    await tab.getByRole("link", { name: "Try again" }).click();
    await tab.waitForLoadState();
    assert.equal(new URL(tab.url()).pathname + new URL(tab.url()).search, "/inbox?all");
    assert.equal(await tab.locator("html").getAttribute("data-page"), "app-down");

    // As the browser does when it takes the page out of its cache for the way back.
    const before = heads.count;
    isBack = true;
    await tab.evaluate(`dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }))`);
    await tab.locator("h1", { hasText: "The app" }).waitFor();
    assert.equal(heads.count, before + 1);
  },
);
