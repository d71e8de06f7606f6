/**
 * An installed web app behind the reference client, while its user is there, away and back, in Chromium.
 * Fails when something is not as it has to be; prints what each kind of request got.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { BrowserContext, Page } from "playwright-core";
import {
  type DemoPart,
  FREE_PORTS,
  glosson,
  glossond,
  runClient,
} from "../../../scripts/demo/part.ts";
import { openProfile } from "../chromium.ts";
import { type App, startApp } from "./app.ts";
import { startPushService } from "./push_service.ts";

const HOST = "kaylee.glosson.localhost";

/** What a browser has of an installed app. */
interface Kept {
  /** The worker's address and state. */
  worker: string;
  /** Where pushes to it go. */
  endpoint: string;
}

/** Runs at the app's address, in whichever page is there, and gives {@linkcode Kept}. */
const KEPT = `(async () => {
  const registration = await navigator.serviceWorker.getRegistration();
  const subscription = await registration?.pushManager.getSubscription();
  const { scriptURL, state } = registration?.active ?? {};
  return { worker: new URL(scriptURL).pathname + " " + state, endpoint: subscription?.endpoint };
})()`;

/**
 * Runs in the app's page: asks for a part of it in each way, all at once, and waits until that has
 * failed. Gives what came of an update of the worker.
 */
const ASK_FOR_PARTS = `(async () => {
  const failed = (element, attributes) => new Promise((resolve, reject) => {
    Object.assign(element, attributes, { onerror: resolve, onload: reject });
    document.head.append(element);
  });
  const registration = await navigator.serviceWorker.getRegistration();
  const [update] = await Promise.all([
    registration.update().then(() => "updated", (error) => error.name),
    failed(document.createElement("script"), { src: "/late.js" }),
    failed(new Image(), { src: "/late.png" }),
    new FontFace("late", "url(/late.woff2)").load().catch(() => {}),
    ...["GET", "POST", "PUT"].map((method) => fetch("/api/late", { method })),
  ]);
  return update;
})()`;

const [PAGE, LINE, PROBLEM] = [
  "503 text/html; charset=UTF-8",
  "503 text/plain; charset=UTF-8",
  "503 application/problem+json",
];

/** What each of {@linkcode ASK_FOR_PARTS} gets while the user is away. */
const PARTS: Record<string, string> = {
  "script GET /late.js": LINE,
  "image GET /late.png": LINE,
  "font GET /late.woff2": LINE,
  "fetch GET /api/late": PROBLEM,
  "fetch POST /api/late": PROBLEM,
  "fetch PUT /api/late": PROBLEM,
};

/** The story: installed and logged in to, away, and back. */
async function story(dir: string): Promise<void> {
  const parts: DemoPart[] = [];
  let browser: BrowserContext | undefined;
  await using app = await startApp();
  await using push = startPushService();
  try {
    const relay = await glossond(dir, { settings: FREE_PORTS });
    parts.push(relay);
    const args = ["--upstream", String(app.port)];
    const client = await glosson(dir, relay, { args });
    parts.push(client);
    browser = await openProfile(`${dir}/home`, relay.caFile, push.switches);
    const origin = `https://${HOST}:${relay.ports.hub}`;
    await browser.grantPermissions(["notifications"], { origin });
    const tab = await browser.newPage();
    const before = await install(tab, origin, app);

    await client.stop();
    await away(tab, origin, before);

    // Nobody touches the browser from here on: the relay's page finds the app by itself.
    parts.push(await runClient(dir, { args }));
    await tab.locator("h1", { hasText: "Inbox" }).waitFor({ timeout: 60_000 });
    await tab.getByText(`subscribed: ${before.endpoint}`).waitFor();
    assert.deepEqual(await tab.evaluate<Kept>(KEPT), before);
    const update =
      "navigator.serviceWorker.getRegistration().then((r) => r.update()).then(() => 1)";
    assert.equal(await tab.evaluate(update), 1);
    // Nobody had to log in or subscribe again.
    assert.deepEqual([app.logins, app.subscriptions], [1, [before.endpoint]]);
    assert.equal(push.registrations, 1);
  } finally {
    await browser?.close();
    for (const part of parts.toReversed()) await part.stop();
  }
}

/** Logs in, lets the app subscribe, and installs it. */
async function install(tab: Page, origin: string, app: App): Promise<Kept> {
  await tab.goto(origin);
  await tab.getByLabel("Password").fill(app.password);
  await tab.getByRole("button", { name: "Log in" }).click();
  await tab.getByText("subscribed: https://").waitFor();
  const devtools = await tab.context().newCDPSession(tab);
  const { installabilityErrors } = await devtools.send("Page.getInstallabilityErrors");
  assert.deepEqual(installabilityErrors, []);
  const { manifest } = await devtools.send("Page.getAppManifest");
  assert.equal(manifest?.name, "Inbox");
  await assert.rejects(assertInstalled(tab, origin));
  await devtools.send("PWA.install", { manifestId: `${origin}/` });
  await assertInstalled(tab, origin);
  const kept = await tab.evaluate<Kept>(KEPT);
  assert.equal(kept.worker, "/worker.js activated");
  assert.deepEqual(app.subscriptions, [kept.endpoint]);
  return kept;
}

/** Asks for everything that an app asks for, gets the relay's answers, and has lost nothing by them. */
async function away(tab: Page, origin: string, before: Kept): Promise<void> {
  const answers: Record<string, string> = {};
  tab.on("response", (response) => {
    const request = response.request();
    const { pathname } = new URL(response.url());
    if (pathname === "/icon.svg") return;
    answers[`${request.resourceType()} ${request.method()} ${pathname}`] = `${response.status()} ${
      response.headers()["content-type"]
    }`;
  });
  // From the page that is still open.
  assert.equal(await tab.evaluate(ASK_FOR_PARTS), "TypeError");
  // A form, and the app as its icon opens it.
  await tab.getByRole("button", { name: "Mark all as read" }).click();
  await tab.getByText("What you sent has not arrived").waitFor();
  await tab.goto(`${origin}/`);
  await tab.locator("h1", { hasText: "kaylee is offline" }).waitFor();
  const text = Object.entries(answers).map(([asked, got]) => `  ${asked}: ${got}`).join("\n");
  Deno.stdout.writeSync(new TextEncoder().encode(`while the user is away:\n${text}\n`));
  assert.deepEqual(answers, { ...PARTS, "document POST /read": PAGE, "document GET /": PAGE });
  assert.deepEqual(await tab.evaluate<Kept>(KEPT), before);
  await assertInstalled(tab, origin);
  await assertPushArrives(tab, origin);
}

/** Chromium has the app among those that are installed; it rejects the question where it has not. */
async function assertInstalled(tab: Page, origin: string): Promise<void> {
  const devtools = await tab.context().newCDPSession(tab);
  const state = await devtools.send("PWA.getOsAppState", { manifestId: `${origin}/` });
  assert.deepEqual(state.fileHandlers, []);
}

/** A push comes to the worker, which shows it with the icon that it has kept. */
async function assertPushArrives(tab: Page, origin: string): Promise<void> {
  const devtools = await tab.context().newCDPSession(tab);
  const registered = Promise.withResolvers<string>();
  devtools.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
    const found = registrations.find(({ isDeleted }) => !isDeleted);
    if (found) registered.resolve(found.registrationId);
  });
  await devtools.send("ServiceWorker.enable");
  const registrationId = await registered.promise;
  await devtools.send("ServiceWorker.deliverPushMessage", {
    origin,
    registrationId,
    data: "a new message",
  });
  const shown = `(async () => {
    const registration = await navigator.serviceWorker.getRegistration();
    let all = [];
    while ((all = await registration.getNotifications()).length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return all.map(({ title, icon }) => title + " " + new URL(icon).pathname);
  })()`;
  assert.deepEqual(await tab.evaluate(shown), ["a new message /icon.svg"]);
}

await story(Deno.args[0]!);
// playwright-core keeps its driver's timers and pipes.
Deno.exit(0);
