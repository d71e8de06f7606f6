import assert from "node:assert/strict";
import { siteHandler } from "../../../../examples/client/front/site.ts";
import { HttpExchange } from "../http_exchange.ts";
import { type Fronted, fronted, HOSTNAME } from "./fronted.ts";
import { FRAME } from "./http2_frames.ts";
import { RawHttp2 } from "./raw_http2.ts";

/** A page that answers `/slow` when it is told to. */
function slowPage(): { asked: Promise<void>; finish: () => void; handler: Handler } {
  const asked = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  const handler = siteHandler(async ({ url }) => {
    if (!url.endsWith("/slow")) return new Response("here");
    asked.resolve();
    await finish.promise;
    return new Response("finished");
  });
  return { asked: asked.promise, finish: finish.resolve, handler };
}

type Handler = ReturnType<typeof siteHandler>;

/** Has a visitor who is answered once. */
async function kept({ visit }: Fronted): Promise<HttpExchange> {
  const exchange = new HttpExchange(await visit());
  const { body, headers } = await exchange.get("/");
  assert.deepEqual([body, headers.get("connection")], ["here", null]);
  return exchange;
}

Deno.test("Front.use() says close with the next answer on each connection that was there before", async () => {
  const page = slowPage();
  await fronted(() => page.handler, async (world) => {
    const idle = await kept(world);
    const busy = new HttpExchange(await world.visit());
    const answer = busy.get("/slow");
    await page.asked;
    await world.front.use(world.identity);
    page.finish();
    const answers = await Promise.all([answer, idle.get("/")]);
    assert.deepEqual(answers.map(({ headers }) => headers.get("connection")), ["close", "close"]);
    await Promise.all([busy.ended(), idle.ended()]);
    await kept(world);
  });
});

Deno.test("Front.use() says GOAWAY over HTTP/2, and answers what was asked before", async () => {
  const page = slowPage();
  await fronted(() => page.handler, async (world) => {
    const fresh = await RawHttp2.open(world);
    const busy = await RawHttp2.open(world);
    const slow = busy.ask("/slow");
    await page.asked;
    await world.front.use(world.identity);
    const goaway = await busy.until(({ type }) => type === FRAME.goaway);
    assert.deepEqual([goaway.payload.readUInt32BE(0), goaway.payload.readUInt32BE(4)], [slow, 0]);
    page.finish();
    assert.equal(await busy.ended(slow), undefined);
    await busy.visitor.end();
    // Whoever has asked for nothing yet is told with the first request, which is answered.
    const first = fresh.ask("/");
    const told = await fresh.until(({ type }) => type === FRAME.goaway);
    assert.equal(told.payload.readUInt32BE(0), first);
    assert.equal(await fresh.ended(first), undefined);
    await fresh.visitor.end();
    for (const each of [fresh, busy]) each.close();
  });
});

Deno.test("a new certificate of a domain has visitors of that domain come anew, and no others", () =>
  fronted(() => slowPage().handler, async (world) => {
    const { front, identity } = world;
    await front.domains.useFor("blog.example.org", identity);
    const own = await kept(world);
    await front.domains.useFor("blog.example.org", identity);
    assert.equal((await own.get("/")).headers.get("connection"), null);
    await front.domains.useFor(HOSTNAME, identity);
    const named = await kept(world);
    await front.domains.useFor(HOSTNAME, undefined);
    assert.equal((await named.get("/")).headers.get("connection"), "close");
  }));

Deno.test("Front.renew() ends a connection of which was asked between its looks", () =>
  fronted(() => slowPage().handler, async (world) => {
    const exchange = await kept(world);
    world.front.renew();
    assert.equal((await exchange.get("/")).headers.get("connection"), "close");
    await exchange.ended();
  }));

Deno.test("Front.stop() says close with the answers that are under way", async () => {
  const page = slowPage();
  await fronted(() => page.handler, async ({ front, visit }) => {
    const conn = await visit();
    const exchange = new HttpExchange(conn);
    const answer = exchange.get("/slow");
    await page.asked;
    const stopped = front.stop(60_000);
    page.finish();
    assert.equal((await answer).headers.get("connection"), "close");
    await exchange.ended();
    conn.close();
    await stopped;
  });
});
