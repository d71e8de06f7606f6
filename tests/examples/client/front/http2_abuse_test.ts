import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { HOSTNAME } from "./fronted.ts";
import { FrontProcess } from "./front_process.ts";
import { fieldBlock, FLAG, FRAME, frame, requestFields, settings, u32 } from "./http2_frames.ts";
import { PathApp } from "./path_app.ts";
import { RawHttp2 } from "./raw_http2.ts";

/** Frames after which nobody is listened to any more, at the latest. */
const MOST = 20_000;

/** What a ping says that is answered where somebody is listened to all the same. */
const LISTENED = "listened";

/** Most that the front may grow by, whatever is sent. */
const MOST_GROWTH = 48 * 1024 * 1024;

/** What a visitor sends again and again; `i` counts from 0. */
const ABUSES: Record<string, (visitor: RawHttp2, i: number) => void> = {
  "streams that are reset at once": (visitor) => {
    const { stream, frame: head } = visitor.request("/wait");
    visitor.send(head, frame(FRAME.rstStream, 0, stream, u32(8)));
  },
  "streams that the front has to reset": (visitor) => {
    const { stream, frame: head } = visitor.request("/wait");
    visitor.send(head, frame(FRAME.windowUpdate, 0, stream, u32(0)));
  },
  "requests that are none": (visitor) =>
    visitor.send(visitor.request("/", { fields: [["connection", "close"]] }).frame),
  "more requests at once than are let in": (visitor) => void visitor.ask("/wait", "POST"),
  "a header block without an end": (visitor, i) =>
    visitor.send(
      i === 0
        ? visitor.request("/", { flags: 0 }).frame
        : frame(FRAME.continuation, 0, 1, fieldBlock([["x-a", "y".repeat(1_000)]])),
    ),
  "empty parts of a header block": (visitor, i) =>
    visitor.send(
      i === 0 ? visitor.request("/", { flags: 0 }).frame : frame(FRAME.continuation, 0, 1),
    ),
  "a field that is repeated by its index": (visitor, i) => {
    const bomb = fieldBlock([["x-bomb", "z".repeat(3_900)]], { indexed: true });
    const block = [
      fieldBlock(requestFields("GET", "/", HOSTNAME)),
      i === 0 ? bomb : Buffer.alloc(0),
      Buffer.alloc(8_000, 0xbe),
    ];
    const { stream } = visitor.request("/");
    visitor.send(
      frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, stream, Buffer.concat(block)),
    );
  },
  "settings": (visitor) => visitor.send(settings({ 4: 1_000 })),
  "pings": (visitor) => visitor.send(frame(FRAME.ping, 0, 0, "12345678")),
  "priorities": (visitor, i) =>
    visitor.send(frame(FRAME.priority, 0, i * 2 + 3, Buffer.from([0, 0, 0, 1, 5]))),
  "frames of no kind": (visitor) => visitor.send(frame(0x77, 0, 0, "x")),
  "data of nothing": (visitor, i) => {
    if (i === 0) visitor.ask("/wait", "POST");
    else visitor.send(frame(FRAME.data, 0, 1));
  },
  "windows that grow beyond their limit": (visitor) =>
    visitor.send(frame(FRAME.windowUpdate, 0, 0, u32(2 ** 30))),
};

Deno.test("Front ends who abuses HTTP/2, in bounded memory, and serves others meanwhile", async (t) => {
  const app = await PathApp.start();
  const front = await FrontProcess.start(app.port);
  async function good(): Promise<void> {
    const visitor = await RawHttp2.open(front);
    assert.equal(await visitor.ended(visitor.ask("/")), undefined);
    visitor.close();
  }
  try {
    await good();
    for (const [what, abuse] of Object.entries(ABUSES)) {
      await t.step(what, async () => {
        const { rss: before } = await front.weigh();
        const visitor = await RawHttp2.open(front);
        const listened = visitor.until(({ type, payload }) =>
          type === FRAME.ping && payload.toString() === LISTENED
        ).then(() => true, () => false);
        for (let i = 0; i < MOST && !visitor.visitor.ended; i++) {
          abuse(visitor, i);
          if (i % 200 === 0) await new Promise((done) => setTimeout(done));
        }
        await good();
        if (!visitor.visitor.ended) visitor.send(frame(FRAME.ping, 0, 0, LISTENED));
        const stillListened = await listened;
        visitor.close();
        assert.equal(stillListened, false);
        const after = await front.settled(({ connections, answering }) =>
          connections + answering === 0
        );
        assert.deepEqual([after.connections, after.answering, after.uncaught], [0, 0, 0]);
        const { rss } = await front.weigh();
        assert.ok(rss - before < MOST_GROWTH, `${before} grew to ${rss}`);
      });
    }
  } finally {
    front.kill();
    await app.stop();
  }
});

Deno.test("Front lives through an error that nothing caught: it is counted, and others go on", async () => {
  const app = await PathApp.start();
  const front = await FrontProcess.start(app.port, { keepAlive: 1_000 });
  try {
    const other = await RawHttp2.open(front);
    assert.equal(await other.ended(other.ask("/")), undefined);
    const visitor = await RawHttp2.open(front);
    visitor.ask("/bug");
    const { uncaught } = await front.settled(({ uncaught }) => uncaught > 0);
    assert.equal(uncaught, 1);
    assert.equal(await other.ended(other.ask("/")), undefined);
    visitor.close();
    other.close();
    const { connections, answering } = await front.settled((now) =>
      now.connections + now.answering === 0
    );
    assert.deepEqual([connections, answering], [0, 0]);
  } finally {
    front.kill();
    await app.stop();
  }
});
