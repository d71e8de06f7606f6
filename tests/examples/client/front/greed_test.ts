import assert from "node:assert/strict";
import { siteHandler } from "../../../../examples/client/front/site.ts";
import { DEFAULT_MAX_VISITORS } from "../../../../examples/client/run_arguments.ts";
import { HttpExchange } from "../http_exchange.ts";
import { type Fronted, fronted, until } from "./fronted.ts";
import { head } from "./left_behind.ts";
import { pathFronted } from "./path_app.ts";

const maxVisitors = DEFAULT_MAX_VISITORS;

/** Opens so many connections in a way, some at once. */
async function open(count: number, one: (i: number) => Promise<unknown>): Promise<void> {
  let left = count;
  await Promise.all(Array.from({ length: 16 }, async () => {
    while (left > 0) await one(--left);
  }));
}

/** Opens idle connections from two addresses: after the handshake, after a page, over HTTP/2. */
async function idle({ visit }: Fronted): Promise<void> {
  await open(maxVisitors, async (i) => {
    const conn = await visit([i % 4 === 0 ? "h2" : "http/1.1"], `198.51.100.${i % 2}`);
    await conn.handshake();
    if (i % 4 === 1) await new HttpExchange(conn).get("/");
  });
}

/** Makes a visit that is to have the page at once. */
async function honest(
  { visit }: Fronted,
  i: number,
  from = `203.0.113.${i}`,
): Promise<HttpExchange> {
  const exchange = new HttpExchange(await visit(["http/1.1"], from));
  assert.equal((await exchange.get("/")).status, 200);
  return exchange;
}

Deno.test("Front finds room for a visitor among as many idle ones as may be", () =>
  fronted(() => siteHandler(() => new Response("here")), async (world) => {
    await idle(world);
    assert.equal(world.front.connections, maxVisitors);
    const first = await honest(world, 1);
    for (let i = 2; i < 20; i++) await honest(world, i);
    // Nobody waited for a limit of time, and it was the greedy who gave way.
    assert.equal(world.clock.now(), 0);
    assert.equal(world.front.connections, maxVisitors);
    assert.equal((await first.get("/")).status, 200);
  }, { maxVisitors }));

Deno.test("Front finds room for a visitor among as many busy ones of two addresses as may be", () =>
  pathFronted(async (world) => {
    const { visit, front, app } = world;
    await open(maxVisitors, async (i) => {
      const conn = await visit(["http/1.1"], `198.51.100.${i % 2}`);
      await new HttpExchange(conn).send(head("/wait"));
    });
    await until(() => app.requests === maxVisitors);
    for (let i = 1; i < 20; i++) await honest(world, i);
    assert.equal(front.connections, maxVisitors);
  }, { maxVisitors }));

Deno.test("Front ends an idle visitor before a busy one of the same address", () =>
  pathFronted(async (world) => {
    const { visit, app } = world;
    const busy = new HttpExchange(await visit(["http/1.1"], "198.51.100.1"));
    await busy.send(head("/takes?1", "Content-Length: 1").replace("GET", "POST"));
    await until(() => app.requests === 1);
    for (let i = 0; i < 3; i++) await honest(world, 1, "198.51.100.1");
    await honest(world, 2);
    await honest(world, 3);
    await busy.send("x");
    assert.equal((await busy.answer()).status, 200);
  }, { maxVisitors: 4 }));
