import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { FRAME_HEADER_BYTES } from "../../../../examples/client/http2/frames.ts";
import { DEFAULT_WINDOW_BYTES, FrameSender } from "../../../../examples/client/http2/sender.ts";
import type { Http2Stream } from "../../../../examples/client/http2/stream.ts";

const MEBIBYTE = 1024 * 1024;

Deno.test("FrameSender lays every batch of data in the memory of the one before", async () => {
  const memories = new Set<ArrayBufferLike>();
  const sums: number[] = [];
  const sender = new FrameSender({
    write(bytes) {
      memories.add(bytes.buffer);
      sums.push(bytes.length);
      return Promise.resolve(bytes.length);
    },
  });
  sender.opened(MEBIBYTE);
  const stream = { id: 1, sendWindow: MEBIBYTE, over: new AbortController().signal } as Http2Stream;
  await sender.data(stream, new Uint8Array(MEBIBYTE / 2));
  await sender.data(stream, new Uint8Array(MEBIBYTE / 2));
  assert.equal(memories.size, 1);
  const frames = MEBIBYTE / sender.maxFrameBytes;
  assert.equal(sums.reduce((a, b) => a + b, 0), MEBIBYTE + frames * FRAME_HEADER_BYTES);
});

Deno.test("FrameSender uses memory no more of which a write failed: it may still be read", async () => {
  const memories: ArrayBufferLike[] = [];
  const fails = new FrameSender({
    write(bytes) {
      memories.push(bytes.buffer);
      return Promise.reject(new Error("broken"));
    },
  });
  const stream = { id: 1, sendWindow: 100, over: new AbortController().signal } as Http2Stream;
  await assert.rejects(fails.data(stream, new Uint8Array(10)), /broken/);
  await assert.rejects(fails.data(stream, new Uint8Array(10)), /broken/);
  assert.notEqual(memories[0], memories[1]);
});

/** A stream, and how often somebody looked whether it is over. */
function watched(id: number, sendWindow: number): { stream: Http2Stream; looks: () => number } {
  let looks = 0;
  const { signal } = new AbortController();
  const stream = {
    id,
    sendWindow,
    get over() {
      looks++;
      return signal;
    },
  };
  return { stream: stream as Http2Stream, looks: () => looks };
}

/** A sender, and the streams of the frames that it has sent. */
function recorded(): { sender: FrameSender; sent: number[] } {
  const sent: number[] = [];
  const sender = new FrameSender({
    write(bytes) {
      sent.push(Buffer.from(bytes).readUInt32BE(5));
      return Promise.resolve(bytes.length);
    },
  });
  return { sender, sent };
}

Deno.test("FrameSender has only those look again for whom a window has opened", async () => {
  const { sender, sent } = recorded();
  const all = Array.from({ length: 100 }, (_, i) => watched(2 * i + 1, 0));
  const done = all.map(({ stream }) => sender.data(stream, new Uint8Array(3)));
  const looksBefore = all.map(({ looks }) => looks());
  for (let i = 0; i < 3; i++) {
    sender.opened(1, all[7]!.stream);
    await new Promise((resolve) => setTimeout(resolve));
  }
  await done[7];
  assert.deepEqual(sent, [15, 15, 15]);
  const others = all.map(({ looks }, i) => looks() - looksBefore[i]!).filter((_, i) => i !== 7);
  assert.deepEqual(others, Array(99).fill(0));
  sender.end();
  assert.equal(
    (await Promise.allSettled(done)).filter((each) => each.status === "rejected").length,
    99,
  );
});

Deno.test("FrameSender shares what the connection's window lets through among all who wait", async () => {
  const { sender, sent } = recorded();
  const first = watched(1, MEBIBYTE);
  await sender.data(first.stream, new Uint8Array(DEFAULT_WINDOW_BYTES));
  sent.length = 0;
  const over = new AbortController();
  const gone = { id: 3, sendWindow: MEBIBYTE, over: over.signal } as Http2Stream;
  const left = assert.rejects(sender.data(gone, new Uint8Array(2)), /over/);
  const all = Array.from({ length: 3 }, (_, i) => watched(2 * i + 5, MEBIBYTE));
  const done = Promise.all(all.map(({ stream }) => sender.data(stream, new Uint8Array(2))));
  over.abort();
  for (let i = 0; i < 4; i++) {
    sender.opened(1);
    await new Promise((resolve) => setTimeout(resolve));
  }
  sender.opened(2);
  await Promise.all([done, left]);
  assert.deepEqual(sent, [5, 7, 9, 5, 7, 9]);
});
