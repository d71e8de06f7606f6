import { Buffer } from "node:buffer";
import assert from "node:assert/strict";
import { writeAll } from "../../../../lib/net/splice.ts";
import { median } from "../../../../scripts/bench/numbers.ts";
import { answerText, type Exchange } from "../../../../examples/client/front/exchange.ts";
import { siteHandler } from "../../../../examples/client/front/site.ts";
import { HttpExchange } from "../http_exchange.ts";
import { type Fronted, fronted } from "./fronted.ts";
import { FRAME, frame } from "./http2_frames.ts";
import { head } from "./left_behind.ts";
import { RawHttp2 } from "./raw_http2.ts";

/** Requests that are sent at once, and how many of them are answered before anybody else asks. */
const [MANY, BEFORE] = [10_000, 1_000];

/**
 * Most of them that are answered while another waits: their request takes some turns of the event loop, and now and then
 * many on a busy machine. So the median of some tries counts.
 */
const [MEANWHILE, TRIES] = [50, 7];

const GREEDY: Record<string, (world: Fronted) => Promise<unknown>> = {
  async "HTTP/1.1"({ visit }) {
    const conn = await visit();
    // Neither comes to its end before the connection is closed.
    writeAll(conn, new TextEncoder().encode(head("/many").repeat(MANY))).catch(() => {});
    conn.readable.pipeTo(new WritableStream()).catch(() => {});
  },
  async "HTTP/2"(world) {
    const visitor = await RawHttp2.open(world);
    visitor.send(Buffer.concat(Array.from({ length: MANY }, () => visitor.request("/many").frame)));
    return visitor;
  },
};

for (const [name, greedy] of Object.entries(GREEDY)) {
  Deno.test(`Front answers others between the requests of a visitor who sends many at once over ${name}`, async () => {
    let answered = 0;
    const enough = Promise.withResolvers<void>();
    const site = siteHandler(({ url }) => {
      if (new URL(url).pathname === "/many" && ++answered === BEFORE) enough.resolve();
      return new Response("here");
    });
    await fronted(() => site, async (world) => {
      const other = new HttpExchange(await world.visit());
      assert.equal((await other.get("/")).status, 200);
      await greedy(world);
      await enough.promise;
      const waited: number[] = [];
      for (let i = 1; i <= TRIES; i++) {
        const before = answered;
        assert.equal((await other.get("/")).status, 200);
        waited.push(answered - before);
      }
      assert.ok(median(waited) < MEANWHILE, `the other waited for ${waited}`);
    });
  });
}

/** Bytes of an upload, each in a frame of its own. */
const FRAMES = 60_000;

/** Most of them that are read while another waits: 50 ms would be a tenth. */
const FRAMES_MEANWHILE = FRAMES / 2;

Deno.test("Front answers others between the small frames of a visitor who sends many at once", async () => {
  let taken = 0;
  const enough = Promise.withResolvers<void>();
  async function handler(exchange: Exchange): Promise<void> {
    const { body } = exchange.request;
    for (let piece; (piece = await body?.read()) !== undefined && piece !== null;) {
      taken += piece.length;
      enough.resolve();
    }
    await answerText(exchange, 200, "here");
  }
  await fronted(() => handler, async (world) => {
    const other = new HttpExchange(await world.visit());
    assert.equal((await other.get("/")).status, 200);
    const visitor = await RawHttp2.open(world);
    const stream = visitor.ask("/", "POST");
    visitor.send(Buffer.concat(Array(FRAMES).fill(frame(FRAME.data, 0, stream, "x"))));
    await enough.promise;
    const waited: number[] = [];
    for (let i = 1; i <= TRIES; i++) {
      const before = taken;
      assert.equal((await other.get("/")).status, 200);
      waited.push(taken - before);
    }
    assert.ok(Math.max(...waited) < FRAMES_MEANWHILE, `the other waited for ${waited}`);
    visitor.close();
  });
});
