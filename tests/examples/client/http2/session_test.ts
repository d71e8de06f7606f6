import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { ConnectionError, ERROR } from "../../../../examples/client/http2/frames.ts";
import type { Http2Request } from "../../../../examples/client/http2/request.ts";
import { Http2Session } from "../../../../examples/client/http2/session.ts";
import type { Http2Stream } from "../../../../examples/client/http2/stream.ts";
import { encodeHeaders } from "../../../../examples/client/http2/hpack_encoder.ts";
import { writeAll } from "../../../../lib/net/splice.ts";
import { pipe, type PipeEnd } from "../../../net/pipe.ts";
import {
  fieldBlock,
  FLAG,
  FRAME,
  type Frame,
  frame,
  PREFACE,
  requestFields,
  settings,
  takeFrames,
  u32,
} from "../front/http2_frames.ts";

/** A session under test and its peer. */
interface Talk {
  peer: PipeEnd;
  requests: { stream: Http2Stream; request: Http2Request }[];
  session: Http2Session;
  /** How the session ended; undefined in order. */
  ended: Promise<unknown>;
  send(...frames: Uint8Array[]): Promise<void>;
  /** The next frame of a type that comes. */
  next(type: number): Promise<Frame>;
}

/** Talks to a session, after preface and settings; requests are answered as told. */
async function talk(
  use: (talk: Talk) => Promise<void>,
  answer: (stream: Http2Stream, session: Http2Session) => Promise<void> = hello,
): Promise<void> {
  const [server, peer] = pipe();
  const requests: Talk["requests"] = [];
  const gone = new AbortController();
  const session: Http2Session = new Http2Session({
    conn: server,
    gone: gone.signal,
    maxHeadBytes: 65_536,
    async onRequest(stream, request) {
      requests.push({ stream, request });
      await answer(stream, session).catch(() => {});
    },
    onIdle() {},
  });
  const ended = session.run().then(() => undefined, (error) => error);
  let bytes = Buffer.alloc(0);
  const waiting: Frame[] = [];
  async function next(type: number): Promise<Frame> {
    const buffer = new Uint8Array(65_536);
    while (true) {
      const found = waiting.findIndex((frame) => frame.type === type);
      if (found !== -1) return waiting.splice(0, found + 1).at(-1)!;
      const n = await peer.read(buffer);
      if (n === null) throw new Error("the session ended");
      const taken = takeFrames(Buffer.concat([bytes, buffer.subarray(0, n)]));
      bytes = Buffer.from(taken.rest);
      waiting.push(
        ...taken.frames.map((each) => ({ ...each, payload: Buffer.from(each.payload) })),
      );
    }
  }
  const send = async (...frames: Uint8Array[]): Promise<void> => {
    for (const each of frames) await writeAll(peer, each);
  };
  try {
    await send(PREFACE, settings());
    await use({ peer, requests, session, ended, send, next });
  } finally {
    gone.abort();
    server.close();
    await ended;
  }
}

/** Answers with a word. */
async function hello(stream: Http2Stream, { sender }: Http2Session): Promise<void> {
  await sender.headers(stream.id, encodeHeaders([[":status", "200"]]), false);
  await sender.data(stream, new TextEncoder().encode("hello"));
  stream.localEnded = true;
  await sender.write(frame(FRAME.data, FLAG.endStream, stream.id));
}

/** Answers nothing until the stream is over. */
async function never(stream: Http2Stream): Promise<void> {
  if (stream.over.aborted) return;
  await new Promise((resolve) => stream.over.addEventListener("abort", resolve, { once: true }));
}

function get(id: number, ...others: (readonly [string, string])[]): Uint8Array {
  const block = fieldBlock(requestFields("GET", "/", "kaylee.test", ...others));
  return frame(FRAME.headers, FLAG.endStream | FLAG.endHeaders, id, block);
}

function post(id: number, ...others: (readonly [string, string])[]): Uint8Array {
  const block = fieldBlock(requestFields("POST", "/", "kaylee.test", ...others));
  return frame(FRAME.headers, FLAG.endHeaders, id, block);
}

/** The session ends by GOAWAY with this code. */
async function goesAway({ next, ended }: Talk, code: number): Promise<void> {
  const { payload } = await next(FRAME.goaway);
  assert.equal(payload.readUInt32BE(4), code);
  assert.ok(await ended instanceof ConnectionError);
}

Deno.test("Http2Session answers one request after another, and goes on after a reset", () =>
  talk(async ({ requests, send, next }) => {
    await send(get(1));
    assert.equal((await next(FRAME.headers)).stream, 1);
    assert.equal((await next(FRAME.data)).payload.toString(), "hello");
    await send(get(3, ["X", "upper case"]));
    const reset = await next(FRAME.rstStream);
    assert.deepEqual([reset.stream, reset.payload.readUInt32BE()], [3, ERROR.protocol]);
    await send(get(5));
    assert.equal((await next(FRAME.headers)).stream, 5);
    assert.deepEqual(requests.map(({ request }) => request.target), ["/", "/"]);
  }));

Deno.test("Http2Session sends no more than the windows of the peer", () =>
  talk(async ({ send, next }) => {
    await send(settings({ 4: 2 }), get(1));
    assert.equal((await next(FRAME.data)).payload.toString(), "he");
    await send(frame(FRAME.windowUpdate, 0, 1, u32(1)));
    assert.equal((await next(FRAME.data)).payload.toString(), "l");
    // A window that becomes smaller may be below nothing.
    await send(settings({ 4: 0 }), frame(FRAME.windowUpdate, 0, 1, u32(2)));
    await next(FRAME.settings);
    await send(frame(FRAME.windowUpdate, 0, 1, u32(2)));
    assert.equal((await next(FRAME.data)).payload.toString(), "lo");
  }));

Deno.test("Http2Session says that it has no table of fields, once a peer has less room than usual for one", () =>
  talk(async ({ send, next }) => {
    await send(get(1));
    const { payload: usual } = await next(FRAME.headers);
    await send(settings({ 1: 4_095 }), get(3));
    // RFC 7541 section 6.3: three bits, and a size of nothing.
    assert.deepEqual((await next(FRAME.headers)).payload, Buffer.concat([Buffer.of(0x20), usual]));
    await send(settings({ 1: 4_096 }), get(5));
    assert.deepEqual((await next(FRAME.headers)).payload, usual);
  }));

Deno.test("Http2Session grants what was read of an upload, in pieces of any size", () => {
  const read = Promise.withResolvers<number>();
  return talk(async ({ send, next }) => {
    await send(post(1));
    const piece = new Uint8Array(1);
    for (let i = 0; i < 20_000; i++) await send(frame(FRAME.data, 0, 1, piece));
    await send(...Array.from({ length: 8 }, () => frame(FRAME.data, 0, 1, new Uint8Array(16_384))));
    await send(frame(FRAME.data, FLAG.endStream, 1));
    assert.equal(await read.promise, 20_000 + 8 * 16_384);
    const { stream } = await next(FRAME.windowUpdate);
    assert.ok(stream === 0 || stream === 1);
  }, async (stream, session) => {
    let bytes = 0;
    const buffer = new Uint8Array(65_536);
    for (let n; (n = await stream.read(buffer)) !== null;) bytes += n;
    read.resolve(bytes);
    await hello(stream, session);
  });
});

const WRONG: [string, Uint8Array[], number][] = [
  ["data beyond the window", [
    post(1),
    ...many(20, frame(FRAME.data, 0, 1, new Uint8Array(16_384))),
  ], -1],
  ["a frame on an idle stream", [frame(FRAME.data, 0, 5, "x")], ERROR.protocol],
  ["an even stream", [get(2)], ERROR.protocol],
  ["a stream smaller than the last", [get(5), get(3)], ERROR.protocol],
  ["a push", [frame(FRAME.pushPromise, FLAG.endHeaders, 1, u32(2))], ERROR.protocol],
  ["settings of a wrong length", [frame(FRAME.settings, 0, 0, "12345")], ERROR.frameSize],
  ["a ping of a wrong length", [frame(FRAME.ping, 0, 0, "1234567")], ERROR.frameSize],
  ["a goodbye that is too short", [frame(FRAME.goaway, 0, 0, "1234567")], ERROR.frameSize],
  ["a frame that is too large", [frame(FRAME.data, 0, 1, new Uint8Array(16_385))], ERROR.frameSize],
  [
    "a window beyond 31 bits",
    [frame(FRAME.windowUpdate, 0, 0, u32(0x7fff_ffff))],
    ERROR.flowControl,
  ],
  ["a header block that is interrupted", [
    frame(FRAME.headers, 0, 1, "\x82"),
    frame(FRAME.ping, 0, 0, "12345678"),
  ], ERROR.protocol],
  ["a header block that cannot be read", [frame(FRAME.headers, 5, 1, "\x80")], ERROR.compression],
  [
    "more padding than payload",
    [post(1), frame(FRAME.data, FLAG.padded, 1, "\x05ab")],
    ERROR.protocol,
  ],
  ["CONTINUATION frames without end", [
    frame(FRAME.headers, 0, 1, ""),
    ...many(100, frame(FRAME.continuation, 0, 1, "")),
  ], ERROR.enhanceYourCalm],
  ["a header block without end", [
    frame(FRAME.headers, 0, 1, new Uint8Array(16_384)),
    ...many(10, frame(FRAME.continuation, 0, 1, new Uint8Array(16_384))),
  ], ERROR.enhanceYourCalm],
  ["pings without end", many(10_100, frame(FRAME.ping, 0, 0, "12345678")), ERROR.enhanceYourCalm],
  ["settings without end", many(10_100, settings({ 4: 1 })), ERROR.enhanceYourCalm],
  [
    "empty frames without end",
    [post(1), ...many(10_100, frame(FRAME.data, 0, 1))],
    ERROR.enhanceYourCalm,
  ],
];

function many(count: number, bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: count }, () => bytes);
}

for (const [what, frames, code] of WRONG) {
  Deno.test(`Http2Session ends or resets at ${what}`, () =>
    talk(async (talk) => {
      await talk.send(...frames);
      if (code !== -1) return await goesAway(talk, code);
      const { payload } = await talk.next(FRAME.rstStream);
      assert.equal(payload.readUInt32BE(), ERROR.flowControl);
    }, never));
}

Deno.test("Http2Session ends who opens and resets streams without end", () =>
  talk(async (talk) => {
    for (let id = 1; id < 1_001; id += 2) {
      await talk.send(get(id), frame(FRAME.rstStream, 0, id, u32(ERROR.cancel)));
    }
    await goesAway(talk, ERROR.enhanceYourCalm);
    assert.ok(talk.requests.length <= 202, `${talk.requests.length} requests`);
  }, never));

Deno.test("Http2Session ends who opens windows without end", () =>
  talk(async (talk) => {
    await talk.send(get(1));
    const opened = Buffer.concat(
      Array.from({ length: 1_000 }, () => frame(FRAME.windowUpdate, 0, 0, u32(1))),
    );
    for (let i = 0; i < 11; i++) await talk.send(opened);
    await goesAway(talk, ERROR.enhanceYourCalm);
  }, never));

Deno.test("Http2Session ends who has an answer sent byte by byte", () =>
  talk(
    async (talk) => {
      await talk.send(settings({ 4: 0 }), get(1));
      const opened = Buffer.concat(
        Array.from({ length: 1_000 }, () => frame(FRAME.windowUpdate, 0, 1, u32(1))),
      );
      for (let i = 0; i < 11; i++) await talk.send(opened);
      await goesAway(talk, ERROR.enhanceYourCalm);
    },
    (stream, session) => session.sender.data(stream, new Uint8Array(100_000)),
  ));

Deno.test("Http2Session sends all of a long answer to who takes it in small steps", () =>
  talk(
    async ({ send, next }) => {
      await send(settings({ 4: 0 }), get(1));
      const left = 2_000_000;
      for (let sent = 0; sent < left; sent += 160) {
        await send(
          frame(FRAME.windowUpdate, 0, 0, u32(160)),
          frame(FRAME.windowUpdate, 0, 1, u32(160)),
        );
        const { payload } = await next(FRAME.data);
        assert.equal(payload.length, 160);
      }
    },
    (stream, session) => session.sender.data(stream, new Uint8Array(2_000_000)),
  ));

Deno.test("Http2Session takes a small rest of an upload that was answered early, and none of a large one", () =>
  talk(async ({ send, next, requests }) => {
    await send(post(1, ["content-length", "1000000"]));
    assert.equal((await next(FRAME.data)).payload.toString(), "hello");
    const { payload, stream } = await next(FRAME.windowUpdate);
    assert.deepEqual([stream, payload.readUInt32BE()], [1, 1_000_000 - 256 * 1024]);
    // It is nobody's any more, and the connection goes on.
    for (let n = 0; n < 61; n++) await send(frame(FRAME.data, 0, 1, new Uint8Array(16_384)));
    await send(frame(FRAME.data, FLAG.endStream, 1, new Uint8Array(576)));
    await send(post(3, ["content-length", "100000000"]));
    const reset = await next(FRAME.rstStream);
    assert.deepEqual([reset.stream, reset.payload.readUInt32BE()], [3, ERROR.none]);
    assert.equal(requests.length, 2);
  }));

Deno.test("Http2Session refuses more streams than it has said, and answers the others", () =>
  talk(async ({ requests, send, next }) => {
    for (let id = 1; id < 241; id += 2) await send(get(id));
    const { stream, payload } = await next(FRAME.rstStream);
    assert.deepEqual([stream, payload.readUInt32BE()], [201, ERROR.refusedStream]);
    assert.equal(requests.length, 100);
  }, never));

Deno.test("Http2Session answers a peer who has ended their side", () =>
  talk(async ({ peer, send, next, ended }) => {
    await send(get(1));
    await peer.closeWrite();
    assert.equal((await next(FRAME.data)).payload.toString(), "hello");
    assert.equal(await ended, undefined);
  }));

Deno.test("Http2Session.leave() answers what is under way and takes no more", () => {
  const answer = Promise.withResolvers<void>();
  return talk(async ({ session, requests, send, next, ended }) => {
    await send(get(1));
    await next(FRAME.settings);
    while (requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    session.leave();
    assert.equal((await next(FRAME.goaway)).payload.readUInt32BE(4), ERROR.none);
    await send(get(3));
    assert.equal((await next(FRAME.rstStream)).payload.readUInt32BE(), ERROR.refusedStream);
    answer.resolve();
    assert.equal((await next(FRAME.data)).payload.toString(), "hello");
    assert.equal(await ended, undefined);
  }, async (stream, session) => {
    await answer.promise;
    await hello(stream, session);
  });
});
