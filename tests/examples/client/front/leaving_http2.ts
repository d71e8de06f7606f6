import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { FrontProcess } from "./front_process.ts";
import { FLAG, FRAME, frame, u32 } from "./http2_frames.ts";
import type { Kind } from "./left_behind.ts";
import { DEFAULT_WINDOW, RawHttp2 } from "./raw_http2.ts";

/** Streams of one connection in which a visitor leaves: fewer than the front lets be open at once. */
const STREAMS = 50;

const PIECE = Buffer.alloc(16_384);

/** Takes a visitor to a moment of their visit. */
const PHASES: Record<string, (visitor: RawHttp2) => unknown> = {
  "before a request": (visitor) => visitor.until(({ type }) => type === FRAME.settings),
  "within a head": (visitor) => visitor.send(visitor.request("/", { flags: 0 }).frame),
  "within a frame": (visitor) => visitor.send(visitor.request("/").frame.subarray(0, 20)),
  "within an upload": (visitor) => {
    const stream = visitor.ask("/wait", "POST");
    visitor.send(frame(FRAME.data, 0, stream, PIECE), frame(FRAME.data, 0, stream, PIECE));
  },
  "within an upload that the app does not read": (visitor) => {
    const stream = visitor.ask("/deaf", "POST");
    visitor.send(frame(FRAME.data, 0, stream, PIECE), frame(FRAME.data, 0, stream, PIECE));
  },
  "while the app is silent": (visitor) => {
    for (let i = 0; i < 4; i++) visitor.ask("/wait");
  },
  "within an answer": async (visitor) => {
    const stream = visitor.ask("/large");
    await visitor.until((frame) => frame.stream === stream && frame.type === FRAME.data);
  },
  "between two requests": async (visitor) => {
    assert.equal(await visitor.ended(visitor.ask("/")), undefined);
  },
};

const WAYS: ((visitor: RawHttp2) => void)[] = [
  (visitor) => visitor.reset(),
  (visitor) => visitor.close(),
  (visitor) => visitor.endSide(),
];

function leaving(name: string, phase: (visitor: RawHttp2) => unknown): Kind {
  return {
    name,
    async visit(front, i) {
      const visitor = await RawHttp2.open(front);
      await phase(visitor);
      WAYS[i % WAYS.length]!(visitor);
      return visitor;
    },
  };
}

/** A visitor who is told nothing more once the windows that HTTP/2 begins with are full. */
async function stalled(front: FrontProcess, i: number): Promise<RawHttp2> {
  const visitor = await RawHttp2.open(front, { session: DEFAULT_WINDOW });
  const stream = visitor.ask("/endless");
  let left = DEFAULT_WINDOW;
  await visitor.until((frame) =>
    frame.stream === stream && frame.type === FRAME.data && (left -= frame.payload.length) === 0
  );
  WAYS[i % WAYS.length]!(visitor);
  return visitor;
}

/** A visitor who resets one stream after another, and is served after it. */
function resetting(phase: (visitor: RawHttp2) => number | Promise<number>): Kind["visit"] {
  return async (front) => {
    const visitor = await RawHttp2.open(front, { stream: DEFAULT_WINDOW });
    for (let i = 0; i < STREAMS; i++) {
      const stream = await phase(visitor);
      visitor.send(frame(FRAME.rstStream, 0, stream, u32(8)));
    }
    assert.equal(await visitor.ended(visitor.ask("/")), undefined);
    visitor.close();
    return visitor;
  };
}

/** A visitor with one upload after another that the app answers early, and closes. */
async function uploadsAnsweredEarly(front: FrontProcess): Promise<RawHttp2> {
  const visitor = await RawHttp2.open(front);
  for (let i = 0; i < STREAMS; i++) {
    const stream = visitor.ask("/early", "POST");
    for (let n = 0; n < i % 4; n++) visitor.send(frame(FRAME.data, 0, stream, PIECE));
    if (i % 8 === 3) visitor.send(frame(FRAME.data, FLAG.endStream, stream));
    // That no more is wanted comes behind the end of the answer, not in its place.
    assert.equal(await visitor.ended(stream), undefined);
    visitor.send(frame(FRAME.data, 0, stream, PIECE));
  }
  visitor.close();
  return visitor;
}

/** Every moment of a visit over HTTP/2 at which a visitor, or one stream of theirs, may leave. */
export const LEAVING_HTTP2: Kind[] = [
  ...Object.entries(PHASES).map(([name, phase]) => leaving(name, phase)),
  { name: "within an answer whose window is full", visit: stalled },
  {
    name: "uploads that the app answers early",
    share: 1 / STREAMS,
    visit: uploadsAnsweredEarly,
  },
  {
    name: "streams that are reset while the app is silent",
    share: 1 / STREAMS,
    visit: resetting((visitor) => visitor.ask("/wait")),
  },
  {
    name: "streams that are reset within an upload",
    share: 1 / STREAMS,
    visit: resetting((visitor) => {
      const stream = visitor.ask("/wait", "POST");
      visitor.send(frame(FRAME.data, 0, stream, PIECE));
      return stream;
    }),
  },
  {
    name: "streams that are reset within an answer",
    share: 1 / STREAMS,
    visit: resetting(async (visitor) => {
      const stream = visitor.ask("/endless");
      await visitor.until((frame) => frame.stream === stream && frame.type === FRAME.data);
      return stream;
    }),
  },
];
