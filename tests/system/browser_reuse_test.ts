import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { BrowserContext } from "playwright-core";
import { BASE, type Relay, startRelay } from "../stories/relay.ts";
import { apiOf, connectControl, serveUser, signUp, type User } from "../stories/user.ts";
import { openBrowser } from "./chromium.ts";

/** Who is visited: the relay itself, two users who are online, one who is away. */
const SIDES = ["relay", "kaylee", "river", "zoe"] as const;

type Side = typeof SIDES[number];

/** A request as the side that got it saw it. */
interface Received {
  host: string;
  target: string;
  cookie: string;
}

/** Every order of these. */
function* orders<T>(items: readonly T[]): Generator<T[]> {
  if (items.length === 0) yield [];
  for (const [i, first] of items.entries()) {
    for (const rest of orders(items.toSpliced(i, 1))) yield [first, ...rest];
  }
}

/** A user's page, which keeps what is asked of it. */
function page(received: Received[]): (request: Request) => Response {
  return (request) => {
    const { pathname, search, host } = new URL(request.url);
    received.push({
      host: request.headers.get("Host") ?? host,
      target: pathname + search,
      cookie: request.headers.get("Cookie") ?? "",
    });
    return new Response("<!DOCTYPE html><link rel=icon href=data:,><title>page</title>", {
      headers: { "Content-Type": "text/html" },
    });
  };
}

/** What the relay's own servers have received up to now, this test's own requests apart. */
async function receivedBy(relay: Relay): Promise<Received[]> {
  const api = apiOf(relay);
  using _client = api.client;
  const target = `/v1/nothing?${crypto.randomUUID()}`;
  await api.request("GET", target);
  await relay.logged("received", { target });
  return relay.lines.filter(({ message }) => message === "received")
    .map(({ host, target, cookie }) => ({ host, target, cookie }) as unknown as Received)
    .filter(({ host }) => !host.startsWith("localhost"));
}

/** Prints what each side got: each kind of request once, with how often. */
function print(title: string, sides: Record<string, Received[]>): void {
  const text = [title];
  for (const [side, received] of Object.entries(sides)) {
    const lines = received.map(({ host, target, cookie }) => `${host} ${target} [${cookie}]`);
    const counts = Map.groupBy(lines, (line) => line.replace(/:\d+/, "").replace(/\?\S*/, ""));
    for (const [line, all] of counts) text.push(`  ${side} received ${all.length} x ${line}`);
  }
  Deno.stdout.writeSync(new TextEncoder().encode(`${text.join("\n")}\n`));
}

for (const protocol of ["h2", "http/1.1"] as const) {
  Deno.test({
    name: `Chromium sends the relay nothing of a user who is online, in any order (${protocol})`,
    // playwright-core keeps its driver's timers and pipes to itself.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      await using relay = await startRelay({
        preload: fileURLToPath(new URL("received.ts", import.meta.url)),
      });
      const users = {} as Record<Exclude<Side, "relay">, User>;
      for (const name of ["kaylee", "river", "zoe"] as const) {
        users[name] = await signUp(relay, name);
      }
      // Away is who was online once.
      await (await connectControl(relay, users.zoe))[Symbol.asyncDispose]();
      const got = { kaylee: [] as Received[], river: [] as Received[], zoe: [] as Received[] };
      await using _kaylee = await serveUser(relay, users.kaylee, page(got.kaylee), protocol);
      await using _river = await serveUser(relay, users.river, page(got.river), protocol);
      await using stack = new AsyncDisposableStack();
      const home = await Deno.makeTempDir({ prefix: "glosson-browser-" });
      stack.defer(() => Deno.remove(home, { recursive: true }));
      await using browser = await openBrowser(home, `${relay.stateDir}/local-ca.pem`);
      const url = (side: Side, path: string): string =>
        `https://${side}.${BASE}:${relay.ports.hub}${path}`;

      async function newContext(): Promise<BrowserContext> {
        const context = await browser.newContext();
        for (const side of ["kaylee", "river", "zoe"] as const) {
          await context.addCookies([{ name: "secret", value: side, url: url(side, "/") }]);
        }
        return context;
      }

      for (const order of orders(SIDES)) {
        const context = await newContext();
        const tab = await context.newPage();
        for (const side of order) {
          const path = side === "relay" ? "/v1/relay" : `/page-of-${side}?${order}`;
          const response = await tab.goto(url(side, path));
          assert.equal(response?.status(), side === "zoe" ? 503 : 200, `${side} in ${order}`);
        }
        // And as a part of another user's page.
        await tab.goto(url("kaylee", "/part"));
        await tab.evaluate(
          (address) => fetch(address, { mode: "no-cors", credentials: "include" }).then(() => {}),
          url("river", `/fetched?${order}`),
        );
        await context.close();
      }
      const own = await receivedBy(relay);
      print(`${protocol}, all orders of ${SIDES.join(", ")}`, { relay: own, ...got });
      const strange = own.filter(({ host, target, cookie }) =>
        /kaylee|river/.test(host + target.replace(/\?.*/, "") + cookie) || target === "/part"
      );
      assert.deepEqual(strange, [], "a request of a user who is online came to the relay");
      for (const name of ["kaylee", "river"] as const) {
        assert.ok(got[name].length >= 24, name);
        for (const { host, cookie } of got[name]) {
          assert.match(host, new RegExp(`^${name}\\.`));
          assert.equal(cookie, `secret=${name}`);
        }
      }

      // Who comes online while the browser still has the offline page's connection, or the relay's.
      const context = await newContext();
      const tab = await context.newPage();
      await tab.goto(url("relay", "/v1/relay"));
      assert.equal((await tab.goto(url("zoe", "/page-of-zoe?away")))?.status(), 503);
      await using _zoe = await serveUser(relay, users.zoe, page(got.zoe), protocol);
      const before = (await receivedBy(relay)).length;
      assert.equal((await tab.goto(url("zoe", "/page-of-zoe?back")))?.status(), 200);
      await tab.goto(url("kaylee", "/part"));
      await tab.evaluate(
        (address) => fetch(address, { mode: "no-cors", credentials: "include" }).then(() => {}),
        url("zoe", "/fetched?back"),
      );
      await context.close();
      const since = (await receivedBy(relay)).slice(before);
      print(`${protocol}, zoe comes online`, { relay: since, zoe: got.zoe });
      assert.deepEqual(since, []);
      assert.deepEqual(got.zoe.map(({ target }) => target), ["/page-of-zoe?back", "/fetched?back"]);
    },
  });
}
